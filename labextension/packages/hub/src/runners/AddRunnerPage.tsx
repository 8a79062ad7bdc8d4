import type { Schema } from "@dotscience/api";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";

import { boot } from "../boot";
import { Command } from "../shell/Command";
import { Problems } from "../shell/Failure";
import { useTitle } from "../shell/title";
import { startCommand } from "./command";
import { runnerQuery, useCreate } from "./queries";

type Kind = Schema<"RunnerType">;

/** Creates a runner, shows the command that starts it, and waits for it. */
export function AddRunnerPage(): JSX.Element {
  useTitle("Add a runner");
  const create = useCreate();
  return (
    <>
      <h1>Add a runner</h1>
      {create.data ? <Start made={create.data} /> : <Form create={create} />}
    </>
  );
}

function Form({ create }: { readonly create: ReturnType<typeof useCreate> }): JSX.Element {
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const [type, setType] = useState<Kind>("cpu");
  const [storage, setStorage] = useState("10");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate({ name: name.trim() || null, description, type, storage: Number(storage), labels: {}, shared: false });
  };
  return (
    <form className="fields" onSubmit={submit}>
      <label>
        Name
        <input autoFocus maxLength={200} placeholder="One is picked when you leave this empty" value={name} onChange={(event) => setName(event.target.value)} />
      </label>
      <label>
        Description
        <input maxLength={10_000} value={description} onChange={(event) => setDescription(event.target.value)} />
      </label>
      <label>
        Type
        <select value={type} onChange={(event) => setType(event.target.value as Kind)}>
          <option value="cpu">CPU</option>
          <option value="gpu-nvidia-runtime">GPU with the NVIDIA container runtime</option>
        </select>
      </label>
      <label>
        Storage in gigabytes
        <input type="number" required min={1} max={10_000_000} value={storage} onChange={(event) => setStorage(event.target.value)} />
      </label>
      <Problems of={create.error} />
      <button type="submit" className="primary" disabled={create.isPending}>
        Create
      </button>
    </form>
  );
}

function Start({ made }: { readonly made: Schema<"RunnerCreated"> }): JSX.Element {
  const { runner, token } = made;
  const { data: now } = useQuery(runnerQuery(runner.id));
  const online = now?.status === "online";
  return (
    <>
      <p>
        <strong>{runner.name}</strong> is created. On a machine with Docker and the runner&apos;s image (
        <code>make runner-image</code> builds it), paste this:
      </p>
      <Command>{startCommand({ url: boot.url, token, gpu: runner.type !== "cpu" })}</Command>
      <p className="ds-hint">The token in it is shown this once: whoever has it can take your tasks.</p>
      <p role="status" className={online ? "state good" : "state busy"}>
        <span className="ds-dot" aria-hidden="true" />{" "}
        {online ? "Online: it takes tasks now." : "Waiting for it to connect…"}
      </p>
      <p>
        <Link to="/runners/$runner" params={{ runner: runner.id }}>
          About this runner
        </Link>
      </p>
    </>
  );
}
