/** Checked by `tsc`, never run: the generated types say what the contract says, and reject what it does not. */
import type { Body, Reply, Schema } from "../src/index";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const holds = <_ extends true>(): void => undefined;

holds<Equal<Reply<"get_task">, Schema<"Task">>>();
holds<Equal<Reply<"get_account">["admin"], boolean>>();
holds<Equal<Body<"create_task">, Schema<"TaskCreate">>>();
holds<Equal<Body<"get_task">, never>>();
holds<Equal<Schema<"Problem">["status"], number>>();

/** A tagged union narrows by its tag, and a tag that is missing here would not compile. */
export function describe(workload: Schema<"Task">["workload"]): string {
  switch (workload.kind) {
    case "command":
      return workload.command.join(" ");
    case "jupyter":
      return `JupyterLab in ${workload.image}`;
    default: {
      const impossible: never = workload;
      return impossible;
    }
  }
}

export function rejected(task: Schema<"Task">): void {
  // @ts-expect-error: not one of the states
  holds<Equal<Schema<"Task">["status"], "sleeping">>();
  // @ts-expect-error: what the hub sent is not changed in place
  task.message = "changed";
  // @ts-expect-error: no such field
  void task.nickname;
}
