import type { CurveSearch } from "./search";

interface LogAxesProps {
  readonly search: CurveSearch;
  readonly onChoose: (change: { logX?: boolean | undefined; logY?: boolean | undefined }) => void;
}

/** Whether axes are logarithmic. */
export function LogAxes({ search, onChoose }: LogAxesProps): JSX.Element {
  return (
    <>
      <label className="plain">
        <input type="checkbox" checked={search.logX ?? false} onChange={(event) => onChoose({ logX: event.target.checked || undefined })} /> Log across
      </label>
      <label className="plain">
        <input type="checkbox" checked={search.logY ?? false} onChange={(event) => onChoose({ logY: event.target.checked || undefined })} /> Log up
      </label>
    </>
  );
}
