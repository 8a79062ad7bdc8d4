import { Link } from "@tanstack/react-router";
import { lazy, Suspense } from "react";

import { Changed } from "./Changed";
import type { FileChoices } from "./choices";
import { History } from "./History";
import { ImageView } from "./ImageView";
import { extensionOf, nameOf, shown, sizeOf } from "./names";
import { contentAddress, type Place } from "./place";
import { ProvenanceLink } from "./ProvenanceLink";
import type { FileVersion } from "./queries";
import { TableView } from "./TableView";
import { TextView } from "./TextView";

const NotebookView = lazy(() => import("./NotebookView").then(({ NotebookView: found }) => ({ default: found })));
const MarkdownView = lazy(() => import("./MarkdownView").then(({ MarkdownView: found }) => ({ default: found })));
const DiffView = lazy(() => import("./DiffView").then(({ DiffView: found }) => ({ default: found })));

const MOST = 20_000_000;
const IMAGES = new Set(["png", "jpg", "jpeg", "gif", "webp", "bmp", "avif", "svg"]);

interface FileProps {
  readonly place: Place;
  readonly file: FileVersion;
  /** The version's full id. */
  readonly at: string;
  readonly choices: FileChoices;
}

/** One file: its content as fits best, as text, its history, or what changed. */
export function FileView({ place, file, at, choices }: FileProps): JSX.Element {
  return (
    <>
      <p className="inline">
        <span>{sizeOf(file.size)}</span>
        <span className="ds-quiet">
          changed <Changed place={place} commit={file.commit} />
        </span>
        <a href={contentAddress(place, file.path, at)} download={shown(nameOf(file.path))}>
          Download
        </a>
        <ProvenanceLink place={place} at={at} path={file.path} />
      </p>
      <Views file={file} choices={choices} />
      <Suspense fallback={<p className="ds-quiet">Loading…</p>}>
        <Chosen place={place} file={file} at={at} choices={choices} />
      </Suspense>
    </>
  );
}

function Views({ file, choices }: { readonly file: FileVersion; readonly choices: FileChoices }): JSX.Element {
  const { view, since: _, ...others } = choices;
  const pages: readonly (readonly [FileChoices["view"], string])[] = [
    [undefined, "Content"],
    ...(rendererOf(file) === "text" ? [] : ([["source", "Source"]] as const)),
    ["history", "History"],
  ];
  return (
    <nav aria-label="File" className="tabs">
      {pages.map(([id, word]) => (
        <Link
          key={word}
          to="."
          search={{ ...others, ...(id && { view: id }) } as never}
          activeProps={{}}
          className={view === id ? "active chosen" : "other"}
          aria-current={view === id ? "page" : undefined}
        >
          {word}
        </Link>
      ))}
      {view === "diff" && (
        <span className="active" aria-current="page">
          Changes
        </span>
      )}
    </nav>
  );
}

function Chosen({ place, file, at, choices }: FileProps): JSX.Element {
  if (choices.view === "history") return <History place={place} at={at} path={file.path} />;
  if (choices.view === "diff" && choices.since) return <DiffView place={place} file={file} at={at} since={choices.since} />;
  const props = { place, file, at };
  switch (choices.view === "source" ? "text" : rendererOf(file)) {
    case "notebook":
      return <NotebookView {...props} />;
    case "markdown":
      return <MarkdownView {...props} />;
    case "image":
      return <ImageView {...props} />;
    case "table":
      return <TableView {...props} />;
    default:
      return <TextView {...props} />;
  }
}

function rendererOf(file: FileVersion): "notebook" | "markdown" | "image" | "table" | "text" {
  const extension = extensionOf(file.path);
  if (file.mode === "symlink") return "text";
  if (extension === "csv" || extension === "tsv") return "table";
  if (file.size > MOST) return "text";
  if (extension === "ipynb") return "notebook";
  if (extension === "md" && file.size < 1_000_000) return "markdown";
  return IMAGES.has(extension) ? "image" : "text";
}
