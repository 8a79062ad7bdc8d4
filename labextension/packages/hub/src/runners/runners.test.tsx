import { describe, expect, it } from "vitest";

import { startCommand } from "./command";

describe("the command that starts a runner", () => {
  it("is what ds runner create prints", () => {
    expect(startCommand({ url: "https://hub.example.org", token: "ABC====", gpu: false })).toBe(
      "docker run --name dotscience-runner -d -e TOKEN=ABC==== -e DOTSCIENCE_URL=https://hub.example.org \\\n" +
        "--restart always -v /var/run/docker.sock:/var/run/docker.sock \\\n" +
        "-v dotscience-task-spool:/spool \\\n" +
        "dotscience-runner",
    );
  });

  it.each(["http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000"])("uses the machine's own network for %s", (url) =>
    expect(startCommand({ url, token: "T", gpu: true })).toContain("/spool --network host --gpus all \\"),
  );
});
