import { counted } from "@dotscience/ui";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";

import { Dialog } from "../../shell/Dialog";
import { shown, sizeOf } from "../names";
import type { Place } from "../place";
import type { Tree } from "../queries";
import type { Choice } from "./picked";
import { upload, type Progress } from "./upload";

interface DialogProps {
  readonly place: Place;
  readonly folder: string;
  readonly tree: Tree;
  readonly choice: Choice;
  readonly onClose: () => void;
}

/** Says what will be uploaded and where to, does it, and shows how far it is. Closing it stops. */
export function UploadDialog({ place, folder, tree, choice, onClose }: DialogProps): JSX.Element {
  const { files, left } = choice;
  const what = files.length === 1 ? shown(files[0]!.path) : counted(files.length, "file");
  const [message, setMessage] = useState(`Upload ${what}`);
  const [progress, setProgress] = useState<Progress>();
  const work = useUpload({ place, tree, choice, message, onProgress: setProgress }, onClose);
  const bytes = files.reduce((sum, { file }) => sum + file.size, 0);
  return (
    <Dialog
      title={`Upload to ${folder === "" ? "the top folder" : shown(folder)}`}
      action={work.isPending ? "Uploading…" : "Upload"}
      busy={work.isPending}
      error={work.error}
      ready={files.length > 0 && message.trim() !== ""}
      onAct={() => work.mutate()}
      onClose={onClose}
    >
      <p>
        {counted(files.length, "file")}, {sizeOf(bytes)}, as one version.
      </p>
      {left.length > 0 && (
        <p className="ds-changed">
          Left out, as they are no files of a workspace: {left.slice(0, 3).map(shown).join(", ")}
          {left.length > 3 && ` and ${left.length - 3} more`}
        </p>
      )}
      <label>
        What it is
        <input autoFocus required maxLength={1000} disabled={work.isPending} value={message} onChange={(event) => setMessage(event.target.value)} />
      </label>
      <Bar of={work.isPending ? progress : undefined} />
    </Dialog>
  );
}

function Bar({ of: progress }: { readonly of: Progress | undefined }): JSX.Element {
  const words = progress && wordsOf(progress);
  return (
    <div className={progress ? "upload-bar" : "upload-bar hidden"}>
      <progress aria-label="Progress" max={Math.max(progress?.total ?? 1, 1)} value={progress?.done ?? 0} />
      <span className="ds-quiet">{words ?? " "}</span>
    </div>
  );
}

function wordsOf({ step, done, total }: Progress): string {
  if (step === "waiting") return "The hub cannot be reached; the upload goes on when it can.";
  return `${step === "reading" ? "Reading" : "Sending"}: ${sizeOf(done)} of ${sizeOf(total)}`;
}

interface Job {
  readonly place: Place;
  readonly tree: Tree;
  readonly choice: Choice;
  readonly message: string;
  readonly onProgress: (progress: Progress) => void;
}

function useUpload({ place, tree, choice, message, onProgress }: Job, onDone: () => void) {
  const client = useQueryClient();
  const given = useRef<AbortController>();
  useEffect(() => () => given.current?.abort(), []);
  const work = useMutation({
    mutationFn: () => {
      given.current = new AbortController();
      const programs = new Set(tree.items.filter(({ mode }) => mode === "executable").map(({ path }) => path));
      const { signal } = given.current;
      return upload({ place, files: choice.files, parent: tree.commit, message: message.trim(), programs, signal, onProgress });
    },
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["files", place.kind, place.id] });
      await client.invalidateQueries({ queryKey: [place.kind, place.id] });
      onDone();
    },
  });
  useStayWhile(work.isPending);
  return work;
}

/** Asks before the page is left. */
function useStayWhile(busy: boolean): void {
  useEffect(() => {
    if (!busy) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener("beforeunload", ask);
    return () => removeEventListener("beforeunload", ask);
  }, [busy]);
}
