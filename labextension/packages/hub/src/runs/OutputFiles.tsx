import { useQueries } from "@tanstack/react-query";
import { useState } from "react";

import { shown, sizeOf } from "../files/names";
import { taskQuery, type Task } from "../tasks/queries";
import { FileLink } from "./FileLink";
import { nameOf } from "./names";
import { outputLines, type OutputLine } from "./outputs";
import type { Run, RunFile } from "./queries";

const SHOWN = 50;

interface OutputFilesProps {
  readonly project: string;
  readonly runs: readonly Run[];
  /** Only files that differ. */
  readonly differing: boolean;
}

/** What runs wrote, side by side: whether it is the same, how large it is, and each to be opened. */
export function OutputFiles({ project, runs, differing }: OutputFilesProps): JSX.Element | null {
  const [all, showAll] = useState(false);
  const tasks = useQueries({ queries: runs.map(({ task }) => ({ ...taskQuery(task ?? ""), enabled: task !== null, retry: false })) });
  const lines = outputLines(runs).filter((line) => !differing || line.differs);
  if (lines.length === 0) return null;
  return (
    <section aria-label="Output files">
      <h3>Output files</h3>
      <div className="scroll compare" tabIndex={0} role="region" aria-label="Output files of each run">
        <table>
          <thead>
            <tr>
              <th scope="col">File</th>
              {runs.map((run) => (
                <th key={run.id} scope="col">
                  {nameOf(run)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {lines.slice(0, all ? undefined : SHOWN).map((line) => (
              <Line key={line.path} project={project} line={line} tasks={tasks.map(({ data }) => data)} />
            ))}
          </tbody>
        </table>
      </div>
      {lines.length > SHOWN && !all && (
        <button type="button" className="ds-link" onClick={() => showAll(true)}>
          … and {lines.length - SHOWN} more
        </button>
      )}
    </section>
  );
}

function Line({ project, line, tasks }: { project: string; line: OutputLine; tasks: readonly (Task | undefined)[] }): JSX.Element {
  return (
    <tr className={line.differs ? "differs" : ""}>
      <th scope="row">
        {shown(line.path)}
        <div className="ds-quiet">{line.differs ? "differs" : "the same"}</div>
      </th>
      {line.files.map((file, index) => (
        <td key={index}>{file === undefined ? <span className="ds-quiet">none</span> : <Cell project={project} file={file} task={tasks[index]} />}</td>
      ))}
    </tr>
  );
}

function Cell({ project, file, task }: { project: string; file: RunFile; task: Task | undefined }): JSX.Element {
  const content = file.sha256 ?? file.blob;
  return (
    <>
      <FileLink project={project} file={file} task={task}>
        Open
      </FileLink>
      <div className="ds-quiet">
        {file.size !== null && <>{sizeOf(file.size)} </>}
        {content && <code title={content}>{content.slice(0, 12)}</code>}
      </div>
    </>
  );
}
