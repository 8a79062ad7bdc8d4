import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef, useState } from "react";

import { boot } from "../boot";
import { pieces } from "./ansi";
import { addEntries, followLog, shown, type LogLine } from "./log";

const ROW = 20;

/** What a person chose about the log; it stands in the address. */
export interface LogChoices {
  /** The infrastructure's lines too. */
  readonly all?: boolean | undefined;
  readonly search?: string | undefined;
  /** The line to show first. */
  readonly line?: number | undefined;
}

interface LogViewProps {
  readonly task: string;
  readonly choices: LogChoices;
  readonly onChoose: (choices: LogChoices) => void;
}

/** A task's log, live: coloured, searched, with lines that can be linked to. */
export function LogView({ task, choices, onChoose }: LogViewProps): JSX.Element {
  const lines = useLog(task);
  const [follows, setFollows] = useState(choices.line === undefined);
  const seen = useMemo(() => lines.filter((line) => wanted(line, choices)), [lines, choices]);
  return (
    <section aria-label="Log" className="log">
      <div className="inline">
        <input
          type="search"
          aria-label="Search the log"
          placeholder="Search"
          value={choices.search ?? ""}
          onChange={(event) => onChoose({ ...choices, search: event.target.value || undefined })}
        />
        <label>
          <input
            type="checkbox"
            checked={choices.all ?? false}
            onChange={(event) => onChoose({ ...choices, all: event.target.checked || undefined })}
          />{" "}
          What the runner says too
        </label>
        <label>
          <input type="checkbox" checked={follows} onChange={(event) => setFollows(event.target.checked)} /> Follow
        </label>
        <button type="button" onClick={() => download(task, lines, choices.all ?? false)}>
          Download
        </button>
        <span className="ds-quiet">{seen.length.toLocaleString()} lines</span>
      </div>
      <Lines lines={seen} follows={follows} first={choices.line} onLine={(line) => onChoose({ ...choices, line })} />
    </section>
  );
}

function wanted({ stream, text }: LogLine, { all, search }: LogChoices): boolean {
  const workload = stream === "stdout" || stream === "stderr";
  return (workload || all === true) && (!search || text.toLowerCase().includes(search.toLowerCase()));
}

/** The lines there are, more as they come. What comes within a frame is drawn at once. */
function useLog(task: string): readonly LogLine[] {
  const [lines, setLines] = useState<readonly LogLine[]>([]);
  useEffect(() => {
    const given = new AbortController();
    let waiting: Parameters<Parameters<typeof followLog>[2]>[0] = [];
    let frame = 0;
    const draw = () => {
      frame = 0;
      const entries = waiting;
      waiting = [];
      setLines((old) => addEntries(old, entries));
    };
    setLines([]);
    void followLog(task, given.signal, (entries) => {
      waiting = waiting.concat(entries);
      frame ||= requestAnimationFrame(draw);
    });
    return () => {
      given.abort();
      cancelAnimationFrame(frame);
    };
  }, [task]);
  return lines;
}

interface LinesProps {
  readonly lines: readonly LogLine[];
  readonly follows: boolean;
  readonly first: number | undefined;
  readonly onLine: (line: number) => void;
}

function Lines({ lines, follows, first, onLine }: LinesProps): JSX.Element {
  const scroll = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => ROW,
    overscan: 20,
  });
  useEffect(() => {
    if (follows && lines.length > 0) rows.scrollToIndex(lines.length - 1);
  }, [follows, lines.length, rows]);
  const at = first === undefined ? -1 : lines.findIndex((line) => line.seq >= first);
  useEffect(() => {
    if (at >= 0) rows.scrollToIndex(at, { align: "center" });
  }, [at, rows]);
  return (
    <div ref={scroll} className="log-lines" tabIndex={0} role="log" aria-live="off" aria-label="Lines">
      <div style={{ height: rows.getTotalSize() }}>
        {rows.getVirtualItems().map((row) => {
          const line = lines[row.index]!;
          return (
            <div
              key={line.seq}
              className={`log-line ${line.stream}${line.seq === first ? " chosen" : ""}`}
              style={{ transform: `translateY(${row.start}px)` }}
            >
              <button type="button" className="ds-link" title={new Date(line.time).toLocaleString()} onClick={() => onLine(line.seq)}>
                {line.seq + 1}
              </button>
              <span>
                {line.stream !== "stdout" && line.stream !== "stderr" && <em>{line.stream}: </em>}
                {pieces(shown(line.text)).map((piece, index) => (
                  <span key={index} className={piece.classes}>
                    {piece.text}
                  </span>
                ))}
              </span>
            </div>
          );
        })}
      </div>
    </div>
  );
}

/** Saves what was written as a text file; made here, so that it is never a page of the hub's. */
function download(task: string, lines: readonly LogLine[], all: boolean): void {
  const text = lines.filter((line) => wanted(line, { all })).map((line) => line.text);
  const url = URL.createObjectURL(new Blob(text, { type: "text/plain" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = `${boot.user}-${task}.log`;
  link.click();
  URL.revokeObjectURL(url);
}
