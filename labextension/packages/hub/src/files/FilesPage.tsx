import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";

import { Problems } from "../shell/Failure";
import { useTitle } from "../shell/title";
import type { FileChoices } from "./choices";
import { FileView } from "./FileView";
import { FolderView } from "./FolderView";
import { nameOf, shown } from "./names";
import { pageOf, usePlace, type Place } from "./place";
import { branchesQuery, useFile } from "./queries";

/** The files of a project or dataset at a version: a folder, or one file. */
export function FilesPage(): JSX.Element {
  const place = usePlace();
  const choices = useSearch({ strict: false }) as FileChoices;
  const { at = "main", path = "" } = choices;
  const { file, commit, error } = useFile(place, at, path);
  useTitle(path ? shown(nameOf(path)) : "Files", 2);
  return (
    <>
      <div className="heading">
        <Trail place={place} choices={choices} />
        <Version place={place} choices={choices} commit={commit} />
      </div>
      <Problems of={error} />
      {file ? (
        <FileView key={`${file.path} ${file.blob}`} place={place} file={file} at={commit ?? at} choices={choices} />
      ) : (
        file === null && <FolderView key={path} place={place} at={at} path={path} />
      )}
    </>
  );
}

/** The way to a path, each folder of it a link. */
function Trail({ place, choices }: { readonly place: Place; readonly choices: FileChoices }): JSX.Element {
  const { at, path = "" } = choices;
  const parts = path === "" ? [] : path.split("/");
  const to = pageOf(place, "files");
  const link = (below: string) => ({ ...(at && { at }), ...(below && { path: below }) }) as never;
  return (
    <nav aria-label="Folder" className="trail">
      <Link to={to} search={link("")}>
        Files
      </Link>
      {parts.map((part, index) => {
        const above = parts.slice(0, index + 1).join("/");
        const last = index === parts.length - 1;
        return (
          <span key={above}>
            {" / "}
            {last ? (
              <bdi aria-current="page">{shown(part)}</bdi>
            ) : (
              <Link to={to} search={link(above)}>
                <bdi>{shown(part)}</bdi>
              </Link>
            )}
          </span>
        );
      })}
    </nav>
  );
}

/** Which version is seen, and the way to another. */
function Version({ place, choices, commit }: { readonly place: Place; readonly choices: FileChoices; readonly commit: string | null }): JSX.Element {
  const { data } = useQuery(branchesQuery(place));
  const navigate = useNavigate();
  const { at = "main" } = choices;
  const names = data?.items.map(({ name }) => name).filter((name) => name !== "main") ?? [];
  const known = at === "main" || names.includes(at);
  const choose = (chosen: string) => {
    const { at: _, since: __, ...others } = choices;
    void navigate({ to: ".", search: { ...others, ...(chosen !== "main" && { at: chosen }) } as never });
  };
  return (
    <span className="inline">
      <label className="plain">
        Version{" "}
        <select value={at} onChange={(event) => choose(event.target.value)}>
          <option value="main">newest (main)</option>
          {!known && <option value={at}>{at.slice(0, 12)}</option>}
          {names.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      {commit && (
        <Link to={pageOf(place, `commits/${commit}`)}>
          <code>{commit.slice(0, 7)}</code>
        </Link>
      )}
    </span>
  );
}
