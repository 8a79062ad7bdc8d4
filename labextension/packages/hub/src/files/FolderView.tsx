import { counted } from "@dotscience/ui";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";

import { Command } from "../shell/Command";
import { Problems } from "../shell/Failure";
import { Table } from "../shell/Table";
import { Changed } from "./Changed";
import { nameOf, shown, sizeOf } from "./names";
import { archiveAddress, pageOf, type Place } from "./place";
import { folderQuery, type FileVersion, type Tree } from "./queries";
import { UploadArea } from "./upload/UploadArea";
import { useMayWrite } from "./writing";

const AT_ONCE = 200;

interface FolderProps {
  readonly place: Place;
  readonly at: string;
  readonly path: string;
}

/** What is in a folder. Files can be dropped on it where it is the newest version. */
export function FolderView({ place, at, path }: FolderProps): JSX.Element {
  const { data: tree, error } = useQuery(folderQuery(place, at, path));
  const mayWrite = useMayWrite(place);
  if (!tree) return <Problems of={error} />;
  const folder = <Folder place={place} at={at} path={path} tree={tree} mayWrite={mayWrite} />;
  return mayWrite && at === "main" ? (
    <UploadArea place={place} folder={path} tree={tree}>
      {folder}
    </UploadArea>
  ) : (
    folder
  );
}

interface ListProps extends FolderProps {
  readonly tree: Tree;
  readonly mayWrite: boolean;
}

function Folder({ place, at, path, tree, mayWrite }: ListProps): JSX.Element {
  const [shownRows, setShownRows] = useState(AT_ONCE);
  const { folders = [], items } = tree;
  const all = folders.length + items.length;
  if (all === 0) return <Empty place={place} at={at} path={path} mayWrite={mayWrite} />;
  const search = (below: string) => ({ ...(at !== "main" && { at }), path: below }) as never;
  const rows = [
    ...folders.map((folder) => (
      <Row key={`${folder.path}/`} size={`${sizeOf(folder.size)} in ${counted(folder.files, "file")}`}>
        <Link to={pageOf(place, "files")} search={search(folder.path)}>
          <bdi>{shown(nameOf(folder.path))}/</bdi>
        </Link>
      </Row>
    )),
    ...items.map((file) => (
      <Row key={file.path} size={sizeOf(file.size)} changed={<Changed place={place} commit={file.commit} />}>
        <Link to={pageOf(place, "files")} search={search(file.path)}>
          <bdi>{shown(nameOf(file.path))}</bdi>
        </Link>
        {kindOf(file)}
      </Row>
    )),
  ];
  return (
    <>
      <Table columns={["Name", "Size", "Last changed"]}>
        {/* Only what is seen is made: each row asks for the version that changed it. */}
        {rows.slice(0, shownRows)}
      </Table>
      {all > shownRows && (
        <button type="button" onClick={() => setShownRows(shownRows + AT_ONCE)}>
          More ({all - shownRows})
        </button>
      )}
      <p className="archive">
        <a href={archiveAddress(place, path, tree.commit ?? at)} download>
          {path === "" ? "Download all files (.zip)" : "Download this folder (.zip)"}
        </a>
      </p>
    </>
  );
}

function Row({ children, size, changed }: { readonly children: ReactNode; readonly size: string; readonly changed?: ReactNode }): JSX.Element {
  return (
    <tr>
      <th scope="row">{children}</th>
      <td>{size}</td>
      <td>{changed}</td>
    </tr>
  );
}

function kindOf(file: FileVersion): JSX.Element | null {
  if (file.mode === "symlink") return <span className="ds-quiet"> link</span>;
  if (file.mode === "executable") return <span className="ds-quiet"> program</span>;
  return null;
}

function Empty({ place, at, path, mayWrite }: FolderProps & { readonly mayWrite: boolean }): JSX.Element {
  if (path !== "") {
    return (
      <section className="empty">
        <p>
          There is no file or folder <code>{shown(path)}</code> in this version.{" "}
          <Link to={pageOf(place, "files")} search={(at === "main" ? {} : { at }) as never}>
            All files
          </Link>
        </p>
      </section>
    );
  }
  return (
    <section className="empty">
      <p>There are no files yet.{mayWrite && " Drop some here, or send them from their folder:"}</p>
      {mayWrite && (
        <Command>{place.kind === "project" ? `ds file put ${place.id} .` : `ds dataset put ${place.id} .`}</Command>
      )}
    </section>
  );
}
