import { Ago, Values } from "@dotscience/ui";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";

import { Facts } from "../shell/Facts";
import { Problems } from "../shell/Failure";
import { useTitle } from "../shell/title";
import { shown } from "./names";
import { pageOf, usePlace, type Place } from "./place";
import { ProvenanceLink } from "./ProvenanceLink";
import { changesQuery, commitQuery, type ChangedFile, type Commit } from "./queries";

/** One version: who made it and when, and what it changed. */
export function CommitPage(): JSX.Element {
  const place = usePlace();
  const { commit: id } = useParams({ strict: false }) as { commit: string };
  const { data: commit, error } = useQuery(commitQuery(place, id));
  const subject = commit?.message.split("\n", 1)[0] || "Version";
  useTitle(subject, 2);
  if (!commit) return <Problems of={error} />;
  return (
    <>
      <div className="heading">
        <h2>{subject}</h2>
        <span className="inline">
          {place.kind === "dataset" && <ProvenanceLink place={place} at={commit.id} />}
          <Link to={pageOf(place, "files")} search={{ at: commit.id } as never} className="button">
            Its files
          </Link>
        </span>
      </div>
      {commit.message.includes("\n") && <pre className="message">{commit.message.slice(subject.length).trim()}</pre>}
      <About place={place} commit={commit} />
      <Changes place={place} commit={commit.id} />
      <details>
        <summary>What was recorded with it</summary>
        <Values title="Metadata" values={commit.metadata ?? {}} />
      </details>
    </>
  );
}

function About({ place, commit }: { readonly place: Place; readonly commit: Commit }): JSX.Element {
  return (
    <Facts
      facts={{
        By: commit.author,
        When: <Ago time={commit.created} />,
        Task: commit.task && (
          <Link to="/tasks/$task" params={{ task: commit.task }}>
            {commit.task}
          </Link>
        ),
        After: commit.parents.length > 0 && (
          <span className="inline">
            {commit.parents.map((parent) => (
              <Link key={parent} to={pageOf(place, `commits/${parent}`)}>
                <code>{parent.slice(0, 7)}</code>
              </Link>
            ))}
          </span>
        ),
        Id: <code>{commit.id}</code>,
      }}
    />
  );
}

const MARKS = { added: "added", modified: "changed", deleted: "removed" } as const;

function Changes({ place, commit }: { readonly place: Place; readonly commit: string }): JSX.Element {
  const { data, error } = useQuery(changesQuery(place, commit));
  return (
    <section>
      <h3>Changed files{data && ` (${data.total})`}</h3>
      <Problems of={error} />
      <ul className="rows">
        {data?.items.map((file) => (
          <li key={file.path}>
            <span className={`ds-${MARKS[file.change]}`}>{file.change}</span>
            <FileLink place={place} file={file} commit={commit} base={data.base} />
          </li>
        ))}
      </ul>
      {data && data.total > data.items.length && <p className="ds-quiet">The first {data.items.length} of them.</p>}
    </section>
  );
}

interface FileLinkProps {
  readonly place: Place;
  readonly file: ChangedFile;
  readonly commit: string;
  readonly base: string | null;
}

function FileLink({ place, file, commit, base }: FileLinkProps): JSX.Element {
  const search =
    file.change === "deleted"
      ? { path: file.path, at: base }
      : { path: file.path, at: commit, ...(file.change === "modified" && { view: "diff", since: base }) };
  return (
    <Link to={pageOf(place, "files")} search={search as never}>
      <bdi>{shown(file.path)}</bdi>
    </Link>
  );
}
