import { Ago } from "@dotscience/ui";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";

import { boot } from "../boot";
import { Command } from "../shell/Command";
import { Dialog } from "../shell/Dialog";
import { Problems } from "../shell/Failure";
import { More } from "../shell/More";
import { useTitle } from "../shell/title";
import { Generate } from "./Generate";
import { secretsQuery, useRemoveSecret, type Secret } from "./queries";

/** The SSH keys with which tasks reach repositories: their public halves. */
export function SecretsPage(): JSX.Element {
  useTitle("Secrets");
  const found = useInfiniteQuery(secretsQuery());
  const { create } = useSearch({ strict: false }) as { create?: true };
  const navigate = useNavigate();
  const items = found.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      <div className="heading">
        <h1>Secrets</h1>
        <Link to="/secrets" search={{ create: true } as never} className="button primary">
          Generate a key
        </Link>
      </div>
      <p className="ds-quiet">SSH keys for your tasks. Give the public half to the server that they should reach; the private half stays on the hub.</p>
      <Problems of={found.error} />
      {found.isSuccess && items.length === 0 && <NoSecrets />}
      <ul className="secrets">
        {items.map((secret) => (
          <Shown key={secret.id} secret={secret} />
        ))}
      </ul>
      <More of={found} />
      {create && <Generate onClose={() => void navigate({ to: "/secrets" })} />}
    </>
  );
}

function Shown({ secret }: { readonly secret: Secret }): JSX.Element {
  const [asking, setAsking] = useState(false);
  return (
    <li className="ds-card">
      <div className="heading">
        <h2>{secret.name}</h2>
        <button type="button" className="danger" aria-label={`Remove ${secret.name}`} onClick={() => setAsking(true)}>
          Remove
        </button>
      </div>
      <p className="ds-quiet">
        {secret.type} · {secret.project ? <Link to="/projects/$project/settings" params={{ project: secret.project }}>{secret.project_name}</Link> : "your account"} ·{" "}
        {secret.owner === boot.user ? "yours" : secret.owner} · <Ago time={secret.created} />
      </p>
      <Command>{secret.public_key.trim()}</Command>
      {asking && <Remove secret={secret} onClose={() => setAsking(false)} />}
    </li>
  );
}

function Remove({ secret, onClose }: { readonly secret: Secret; readonly onClose: () => void }): JSX.Element {
  const remove = useRemoveSecret();
  return (
    <Dialog
      title={`Remove ${secret.name}?`}
      action="Remove"
      busy={remove.isPending}
      error={remove.error}
      onAct={() => remove.mutate(secret.id, { onSuccess: onClose })}
      onClose={onClose}
    >
      <p>Tasks that start from now on do not have it. Take its public half off the servers, too.</p>
    </Dialog>
  );
}

function NoSecrets(): JSX.Element {
  return (
    <section className="empty">
      <p>There are no keys yet. Generate one here, or:</p>
      <Command>ds secret generate --name deploy</Command>
    </section>
  );
}
