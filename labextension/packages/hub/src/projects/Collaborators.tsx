import { useState, type FormEvent } from "react";

import { Problems } from "../shell/Failure";
import { useShare, useUnshare, type Project, type Role } from "./queries";
import { UserBox } from "./UserBox";

const ROLES: Readonly<Record<Role, string>> = {
  reader: "may look",
  writer: "may run and change files",
  owner: "may do everything",
};

/** Who shares a project, and as what. */
export function Collaborators({ project, mayEdit }: { readonly project: Project; readonly mayEdit: boolean }): JSX.Element {
  const share = useShare(project.id);
  const unshare = useUnshare(project.id);
  return (
    <section>
      <h2>Collaborators</h2>
      <ul className="rows">
        <li>
          <strong>{project.owner}</strong> <span className="ds-quiet">owns it</span>
        </li>
        {project.collaborators.map(({ user, role }) => (
          <li key={user}>
            <strong>{user}</strong>{" "}
            {mayEdit ? (
              <>
                <RoleChoice label={`Role of ${user}`} role={role} onChoose={(chosen) => share.mutate({ user, role: chosen })} />{" "}
                <button type="button" aria-label={`Remove ${user}`} onClick={() => unshare.mutate(user)}>
                  Remove
                </button>
              </>
            ) : (
              <span className="ds-quiet">{ROLES[role]}</span>
            )}
          </li>
        ))}
      </ul>
      <Problems of={share.error ?? unshare.error} />
      {mayEdit && <Add project={project} />}
    </section>
  );
}

function RoleChoice({ label, role, onChoose }: { label: string; role: Role; onChoose: (role: Role) => void }): JSX.Element {
  return (
    <select aria-label={label} value={role} onChange={(event) => onChoose(event.target.value as Role)}>
      {Object.entries(ROLES).map(([value, words]) => (
        <option key={value} value={value}>
          {value}: {words}
        </option>
      ))}
    </select>
  );
}

function Add({ project }: { readonly project: Project }): JSX.Element {
  const share = useShare(project.id);
  const [user, setUser] = useState("");
  const [role, setRole] = useState<Role>("reader");
  const members = [project.owner, ...project.collaborators.map((one) => one.user)];
  const submit = (event: FormEvent) => {
    event.preventDefault();
    // What was typed stays where the hub knows nobody of this name.
    share.mutate({ user: user.trim(), role }, { onSuccess: () => setUser("") });
  };
  return (
    <form onSubmit={submit}>
      <p className="inline">
        <UserBox label="User to share with" value={user} without={members} onChange={setUser} />
        <RoleChoice label="Role" role={role} onChoose={setRole} />
        <button type="submit" disabled={share.isPending || user.trim() === ""}>
          Share
        </button>
      </p>
      <Problems of={share.error} />
    </form>
  );
}
