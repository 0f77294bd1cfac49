namespace Cv.FSharp

open Cv.Compiler
open Cv.Dsl

/// Looks at graphs: drawings, and what becomes of them.
[<AutoOpen>]
module Inspection =
    /// Draws a node's graph in Graphviz's language: `loss |> toDot |> printf "%s"`.
    let toDot (e: Expr) = e.ToDot()

    /// Draws a node's graph in Mermaid's language, which Markdown pages show as a picture.
    let toMermaid (e: Expr) = e.ToMermaid()

    /// Prints a node's graph with its source lines, its gradient, the schedule with each kernel's cost, the plan, and the kernels as C#:
    /// `loss |> explain [ "N", 128 ] |> printf "%s"`.
    let explain (symbols: (string * int) list) (e: Expr) =
        Explanations.Explain(e, [| for name, extent in symbols -> struct (name, extent) |])
