import { Ago, counted } from "@dotscience/ui";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useState, type FormEvent, type KeyboardEvent } from "react";

import { boot } from "../boot";
import { projectQuery } from "../projects/queries";
import { Dialog } from "../shell/Dialog";
import { Problems } from "../shell/Failure";
import { More } from "../shell/More";
import { linked } from "./linked";
import { commentsQuery, LONGEST, useSay, useUnsay, type Comment } from "./queries";

interface CommentsProps {
  readonly project: string;
  readonly run: string;
}

/** What people say about a run, as it comes, and a field to say something. */
export function Comments({ project, run }: CommentsProps): JSX.Element {
  const found = useInfiniteQuery(commentsQuery(project, run));
  const { data } = useQuery(projectQuery(project));
  const items = found.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <section className="comments" aria-label="Comments">
      <h3>Comments</h3>
      <Problems of={found.error} />
      {found.isSuccess && items.length === 0 && <p className="ds-quiet">Nobody has said anything about this run yet.</p>}
      <ol aria-live="polite" aria-label={counted(items.length, "comment")}>
        {items.map((comment) => (
          <Said key={comment.id} project={project} comment={comment} mayRemove={comment.author === boot.user || data?.role === "owner"} />
        ))}
      </ol>
      <More of={found} />
      <Say project={project} run={run} />
    </section>
  );
}

interface SaidProps {
  readonly project: string;
  readonly comment: Comment;
  readonly mayRemove: boolean;
}

function Said({ project, comment, mayRemove }: SaidProps): JSX.Element {
  const [removing, setRemoving] = useState(false);
  return (
    <li>
      <p className="inline">
        <strong>{comment.author}</strong>
        <span className="ds-quiet">
          <Ago time={comment.created} />
        </span>
        {mayRemove && (
          <button type="button" className="ds-link" aria-label={`Remove the comment of ${comment.author}`} onClick={() => setRemoving(true)}>
            Remove
          </button>
        )}
      </p>
      <p className="said" dir="auto">
        <Linked text={comment.text} />
      </p>
      {removing && <Remove project={project} comment={comment} onClose={() => setRemoving(false)} />}
    </li>
  );
}

/** Text with its line breaks, and links where it has addresses. */
export function Linked({ text }: { readonly text: string }): JSX.Element {
  return (
    <>
      {linked(text).map((piece, index) =>
        piece.address === undefined ? (
          piece.text
        ) : (
          <a key={index} href={piece.address} target="_blank" rel="noopener noreferrer nofollow">
            {piece.text}
          </a>
        ),
      )}
    </>
  );
}

function Remove({ project, comment, onClose }: { project: string; comment: Comment; onClose: () => void }): JSX.Element {
  const unsay = useUnsay(project, comment.run);
  return (
    <Dialog
      title="Remove this comment"
      action="Remove"
      busy={unsay.isPending}
      error={unsay.error}
      onAct={() => unsay.mutate(comment.id, { onSuccess: onClose })}
      onClose={onClose}
    >
      <p>It is gone for everybody; there is no undelete.</p>
    </Dialog>
  );
}

function Say({ project, run }: CommentsProps): JSX.Element {
  const [text, setText] = useState("");
  const say = useSay(project, run);
  const ready = text.trim() !== "" && !say.isPending;
  const send = () => ready && say.mutate(text, { onSuccess: () => setText("") });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    send();
  };
  const press = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    send();
  };
  return (
    <form className="fields" onSubmit={submit}>
      <label>
        Say something about this run
        <textarea rows={3} maxLength={LONGEST} value={text} onChange={(event) => setText(event.target.value)} onKeyDown={press} />
      </label>
      <Problems of={say.error} />
      <p className="inline">
        <button type="submit" disabled={!ready}>
          Comment
        </button>
        <span className="ds-quiet">Plain text; web addresses become links. Everybody in the project can read it.</span>
      </p>
    </form>
  );
}
