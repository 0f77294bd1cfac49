/// Every op that Cv.Dsl has, found by reflection, so that none can be forgotten.
module Cv.Tests.Catalogue

open System
open System.IO
open System.Runtime.CompilerServices
open Cv.Dsl

let ops =
    typeof<Op>.Assembly.GetTypes()
    |> Array.filter (fun t -> t.IsSubclassOf typeof<Op> && not t.IsAbstract)
    |> Array.sortBy _.Name
    |> List.ofArray

/// An op whose attributes are all default: samples and names do not depend on them.
let blank (op: Type) =
    RuntimeHelpers.GetUninitializedObject op :?> Op

let nameOf op = (blank op).Name
let samples op = (blank op).Samples() |> List.ofSeq

/// Inputs, parameters and state have no value of their own, so no samples.
let isNamed (op: Type) = op.IsSubclassOf typeof<Named>

/// The nodes of a graph whose op is this one.
let nodesOf (op: Type) (graph: Expr) =
    Expr.Nodes graph
    |> Seq.filter (fun node -> node.Op.GetType() = op)
    |> List.ofSeq

/// Tells whether a gradient flows through the op, in any of its samples.
let isDifferentiable op =
    samples op
    |> List.collect (nodesOf op)
    |> List.exists (fun node ->
        node.DType.IsFloat()
        && node.Op.Vjp(node, node) |> Seq.exists (fun flow -> not (isNull (box flow))))

/// Tells whether the op has a rule of its own for this.
let overrides (method: string) (op: Type) =
    match op.GetMethod method with
    | null -> false
    | found -> found.DeclaringType <> typeof<Op>

/// The folder of the ops' sources, where the tests run beside them.
let sources =
    let rec upFrom (folder: DirectoryInfo | null) =
        match folder with
        | null -> None
        | folder ->
            let ops = Path.Combine(folder.FullName, "src", "Cv.Dsl", "Ops")

            if Directory.Exists ops then
                Some ops
            else
                upFrom folder.Parent

    upFrom (DirectoryInfo AppContext.BaseDirectory)
