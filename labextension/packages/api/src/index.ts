/** The API's types by name. They are generated from the hub's contract (`make generate`); nothing is written by hand. */
import type { components, operations, paths } from "./schema";

export type { components, operations, paths };

/** A structure of the contract: `Schema<"Task">`. */
export type Schema<Name extends keyof components["schemas"]> = components["schemas"][Name];

/** The names of all operations, as in the contract's table of routes. */
export type Operation = keyof operations;

type Json<Value> = Value extends { readonly content: { readonly "application/json": infer Body } }
  ? Body
  : Value extends { content: { readonly "application/json": infer Body } }
    ? Body
    : never;

type Successful<Responses> = { [Status in keyof Responses & (200 | 201 | 202)]: Json<Responses[Status]> }[keyof Responses &
  (200 | 201 | 202)];

/** What an operation answers when it succeeds: `Reply<"get_task">`. */
export type Reply<Name extends Operation> = Successful<operations[Name]["responses"]>;

/** What an operation takes as its JSON body; `never` when it takes none. */
export type Body<Name extends Operation> = Json<NonNullable<operations[Name]["requestBody"]>>;
