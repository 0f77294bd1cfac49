/// An op that gives its operand and does something beside: code of an author's own, in the middle of a call.
module Cv.Tests.Hooks

open System.Collections.Immutable
open Cv.Compiler
open Cv.Dsl

/// A graph of outputs and updates.
let graphOf (outputs: Expr list) (updates: Update list) =
    Graph(ImmutableArray.CreateRange outputs, ImmutableArray.CreateRange updates)

/// The operand, after an action that sees its numbers at every call.
let hook name (act: float[] -> unit) =
    let rule =
        TensorRule(
            name,
            Infer = (fun types -> types[0]),
            Evaluate =
                (fun _ x ->
                    act x[0]
                    Array.copy x[0]),
            Vjp = (fun _ dy -> ImmutableArray.Create<Expr | null> dy),
            IsLinear = true
        )

    let gate = Gate.Custom rule
    fun (x: Expr) -> x.Apply gate
