import { Ago } from "@dotscience/ui";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { Problems } from "../shell/Failure";
import { State } from "../shell/State";
import { repetitionQuery, type Repeat, type Repetition } from "./repetition";
import { nameOf } from "./names";
import { runQuery, type Run } from "./queries";
import { differenceOf, IMAGE, type Difference } from "./differing";

const SHORT = 16;

/** Why a run cannot be run again. */
export function Obstacles({ repetition }: { readonly repetition: Repetition }): JSX.Element | null {
  return repetition.obstacles.length === 0 ? null : <p className="ds-quiet">It cannot be run again. {repetition.obstacles.join(" ")}</p>;
}

interface RepeatedProps {
  readonly project: string;
  readonly run: Run;
  readonly repetition: Repetition;
}

/** What a run has to do with others: the one that it repeats, with what differs, and those that repeat it. */
export function Repeated({ project, run, repetition }: RepeatedProps): JSX.Element {
  return (
    <>
      {repetition.repeats != null && <Compared project={project} run={run} repetition={repetition} first={repetition.repeats} />}
      {repetition.repeated.length > 0 && (
        <section>
          <h3>Run again</h3>
          <ul className="rows">
            {repetition.repeated.map((repeat) => (
              <Once key={repeat.task} project={project} repeat={repeat} />
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

function Once({ project, repeat }: { readonly project: string; readonly repeat: Repeat }): JSX.Element {
  return (
    <li>
      {repeat.status != null && <State of={repeat.status} />}
      {repeat.run != null && (
        <Link to="/projects/$project/runs/$run" params={{ project, run: repeat.run }}>
          Run {repeat.run.slice(0, 13)}: what differs
        </Link>
      )}
      {repeat.status != null && (
        <Link to="/tasks/$task" params={{ task: repeat.task }}>
          Its task
        </Link>
      )}
      <span className="ds-quiet">
        by {repeat.creator}, <Ago time={repeat.created} />
      </span>
    </li>
  );
}

function Compared({ project, run, repetition, first }: RepeatedProps & { readonly first: string }): JSX.Element {
  const before = useQuery(runQuery(project, first));
  const made = useQuery(repetitionQuery(project, first));
  return (
    <section aria-label="What differs">
      <h3>What differs from the run that it repeats</h3>
      <p>
        It repeats{" "}
        <Link to="/projects/$project/runs/$run" params={{ project, run: first }}>
          {before.data ? nameOf(before.data) : first.slice(0, 13)}
        </Link>
        .{" "}
        <Link to="/projects/$project/compare" params={{ project }} search={{ runs: [first, run.id] } as never}>
          Compare all of both
        </Link>
      </p>
      <Problems of={before.error ?? made.error} />
      {run.status === "running" ? (
        <p className="ds-quiet">What differs is shown once it has ended.</p>
      ) : (
        before.data && made.data && <Table first={before.data} run={run} difference={differenceOf({ run: before.data, recipe: made.data.recipe }, { run, recipe: repetition.recipe })} />
      )}
    </section>
  );
}

function Table({ first, run, difference }: { first: Run; run: Run; difference: Difference }): JSX.Element {
  const differing = difference.parts
    .map((part) => ({ ...part, lines: part.lines.filter(({ differs }) => differs) }))
    .filter(({ lines }) => lines.length > 0);
  const given = difference.parts.some(({ result, lines }) => !result && lines.some(({ differs }) => differs));
  const hasImage = difference.parts.some(({ lines }) => lines.some(({ name }) => name === IMAGE));
  return (
    <>
      <p role="status" className={`verdict ${difference.same ? "good" : "warn"}`}>
        <span aria-hidden="true">{difference.same ? "✓ " : "≠ "}</span>
        {difference.verdict}
        {!given && ` What went in${hasImage ? ", the image" : ""} and the machine are the same.`}
      </p>
      {differing.length > 0 && (
        <div className="scroll compare" tabIndex={0} role="region" aria-label="Differences">
          <table>
            <thead>
              <tr>
                <th scope="col">
                  <span className="unseen">Name</span>
                </th>
                <th scope="col">{nameOf(first) === nameOf(run) ? "Before" : nameOf(first)}</th>
                <th scope="col">This run</th>
              </tr>
            </thead>
            {differing.map(({ title, lines }) => (
              <tbody key={title}>
                <tr className="section">
                  <th scope="rowgroup" colSpan={3}>
                    {title}
                  </th>
                </tr>
                {lines.map(({ name, values }) => (
                  <tr key={name}>
                    <th scope="row">{name}</th>
                    {values.map((value, index) => (
                      <td key={index}>{value === undefined ? <span className="ds-quiet">none</span> : <Value text={value} />}</td>
                    ))}
                  </tr>
                ))}
              </tbody>
            ))}
          </table>
        </div>
      )}
    </>
  );
}

const HASH = /^(sha256:)?([0-9a-f]{40}|[0-9a-f]{64})$/;

function Value({ text }: { readonly text: string }): JSX.Element {
  return HASH.test(text) ? <code title={text}>{text.slice(0, text.startsWith("sha256:") ? SHORT + 7 : SHORT)}</code> : <>{text}</>;
}
