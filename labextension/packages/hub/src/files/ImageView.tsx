import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";

import { Problems } from "../shell/Failure";
import { extensionOf, nameOf, shown } from "./names";
import { pictureType, svgAddress } from "./pictures";
import { contentQuery } from "./queries";
import type { ContentProps } from "./useText";

/** A picture. */
export function ImageView({ place, file, at }: ContentProps): JSX.Element {
  const { data, error } = useQuery(contentQuery(place, file, at));
  const address = useAddress(data, extensionOf(file.path) === "svg");
  const [broken, setBroken] = useState(false);
  if (address === null || broken) return <p className="empty">This is no picture that browsers can show. Download it to look at it.</p>;
  return (
    <div className="picture">
      <Problems of={error} />
      {address && <img src={address} alt={shown(nameOf(file.path))} onError={() => setBroken(true)} />}
    </div>
  );
}

/** The address of a picture's bytes, as long as it is shown; null for what is no picture. */
function useAddress(bytes: Uint8Array | undefined, isSvg: boolean): string | null | undefined {
  const [address, setAddress] = useState<string | null>();
  useEffect(() => {
    if (bytes === undefined) return;
    if (isSvg) return setAddress(svgAddress(bytes) ?? null);
    const type = pictureType(bytes);
    if (type === undefined) return setAddress(null);
    const made = URL.createObjectURL(new Blob([bytes as BlobPart], { type }));
    setAddress(made);
    return () => URL.revokeObjectURL(made);
  }, [bytes, isSvg]);
  return address;
}
