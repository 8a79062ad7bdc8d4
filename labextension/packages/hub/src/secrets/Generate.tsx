import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";

import { projectsQuery } from "../projects/queries";
import { Dialog } from "../shell/Dialog";
import { useGenerate, type Secret } from "./queries";

/** Asks for a new key: its name, and whose tasks may use it. */
export function Generate({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const generate = useGenerate();
  const found = useInfiniteQuery(projectsQuery());
  const [name, setName] = useState("");
  const [project, setProject] = useState("");
  const [type, setType] = useState<Secret["type"]>("ssh-ed25519");
  const owned = found.data?.pages.flatMap((page) => page.items).filter(({ role }) => role === "owner") ?? [];
  const body = { name: name.trim(), type, project: project || null };
  return (
    <Dialog
      title="Generate a key"
      action="Generate"
      busy={generate.isPending}
      error={generate.error}
      ready={name.trim() !== ""}
      onAct={() => generate.mutate(body, { onSuccess: onClose })}
      onClose={onClose}
    >
      <label>
        Name
        <input autoFocus required maxLength={200} value={name} onChange={(event) => setName(event.target.value)} />
      </label>
      <label>
        For
        <select value={project} onChange={(event) => setProject(event.target.value)}>
          <option value="">all tasks that you start</option>
          {owned.map(({ id, name: called }) => (
            <option key={id} value={id}>
              tasks of {called}
            </option>
          ))}
        </select>
      </label>
      <label>
        Kind
        <select value={type} onChange={(event) => setType(event.target.value as Secret["type"])}>
          <option value="ssh-ed25519">ssh-ed25519</option>
          <option value="ssh-rsa">ssh-rsa, for servers that know nothing newer</option>
        </select>
      </label>
    </Dialog>
  );
}
