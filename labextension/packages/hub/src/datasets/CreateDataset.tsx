import type { Body } from "@dotscience/api";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import { pageOf } from "../files/place";
import { Dialog } from "../shell/Dialog";
import { useCreateDataset } from "./queries";

const EMPTY = { bucket: "", prefix: "", access_key_id: "", secret_access_key: "", endpoint_url: "", region: "" };
type Bucket = typeof EMPTY;

/** Asks for a new dataset: its name, and its bucket if it is the copy of one. */
export function CreateDataset({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const create = useCreateDataset();
  const navigate = useNavigate();
  const [name, setName] = useState("");
  const [type, setType] = useState<"files" | "s3">("files");
  const [bucket, setBucket] = useState<Bucket>(EMPTY);
  const ready = name.trim() !== "" && (type === "files" || Boolean(bucket.bucket && bucket.access_key_id && bucket.secret_access_key));
  const act = () =>
    create.mutate(bodyOf(name, type === "s3" ? bucket : undefined), {
      onSuccess: ({ id }) => void navigate({ to: pageOf({ kind: "dataset", id }, "files") }),
    });
  return (
    <Dialog title="New dataset" action="Create" busy={create.isPending} error={create.error} ready={ready} onAct={act} onClose={onClose}>
      <label>
        Name
        <input autoFocus required maxLength={200} value={name} onChange={(event) => setName(event.target.value)} />
      </label>
      <label>
        From
        <select value={type} onChange={(event) => setType(event.target.value as "files" | "s3")}>
          <option value="files">files that you send</option>
          <option value="s3">an S3 bucket, kept in step with it</option>
        </select>
      </label>
      {type === "s3" && <Source bucket={bucket} onChange={setBucket} />}
    </Dialog>
  );
}

function bodyOf(name: string, bucket: Bucket | undefined): Body<"create_dataset"> {
  if (bucket === undefined) return { name: name.trim(), s3: null };
  const { endpoint_url, region } = bucket;
  return { name: name.trim(), s3: { ...bucket, endpoint_url: endpoint_url || null, region: region || null } };
}

interface SourceProps {
  readonly bucket: Bucket;
  readonly onChange: (bucket: Bucket) => void;
}

function Source({ bucket, onChange }: SourceProps): JSX.Element {
  const field = (name: keyof Bucket) => ({
    value: bucket[name],
    autoComplete: "off",
    spellCheck: false,
    onChange: (event: { target: { value: string } }) => onChange({ ...bucket, [name]: event.target.value.trim() }),
  });
  return (
    <>
      <label>
        Bucket
        <input required maxLength={255} {...field("bucket")} />
      </label>
      <label>
        Only keys that begin with
        <input maxLength={1024} placeholder="all of them" {...field("prefix")} />
      </label>
      <label>
        Access key id
        <input required maxLength={1000} {...field("access_key_id")} />
      </label>
      <label>
        Secret access key
        <input required type="password" maxLength={1000} {...field("secret_access_key")} autoComplete="new-password" />
      </label>
      <p className="ds-quiet">The secret key is kept encrypted, and shown to nobody again. A key that may only read is enough.</p>
      <label>
        Server
        <input type="url" maxLength={2000} placeholder="Amazon's" {...field("endpoint_url")} />
      </label>
      <label>
        Region
        <input maxLength={100} placeholder="found by itself" {...field("region")} />
      </label>
    </>
  );
}
