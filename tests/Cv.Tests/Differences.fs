/// Compares gradients with central differences, in f64.
module Cv.Tests.Differences

open System
open Cv.Compiler
open Cv.Dsl
open Cv.Tests.Generators
open Expecto

/// Far less than the distance between numbers of `Generators.numbers`, so that no step crosses a kink or a tie.
let private step = 1e-4

let private tolerance = { absolute = 1e-9; relative = 1e-7 }

/// A scalar that weighs every element of a node otherwise, so that no two errors cancel.
let private weigh seed (y: Expr) =
    let weights = numbers seed [ y.Shape.Size ] |> List.head
    weights, (y * Expr.Literal(y.Shape, weights, DType.F64)).Sum()

/// The gradient by each of these nodes; zeros for one that no gradient reaches.
let private analytic (loss: Expr) (leaves: Expr list) bindings =
    let reaches (leaf: Expr) =
        try
            Gradient.Of(loss, leaf) |> ignore
            true
        with :? GraphException ->
            false

    let reached = leaves |> List.filter reaches
    let gradients = Gradient.Of(loss, Array.ofList reached) |> List.ofSeq

    for leaf, gradient in List.zip reached gradients do
        Expect.equal gradient.Type leaf.Type "a gradient has the type of its node"

    let values = Evaluate.program gradients bindings
    let found = List.zip reached values

    leaves
    |> List.map (fun leaf ->
        found
        |> List.tryFind (fun (node, _) -> obj.ReferenceEquals(node, leaf))
        |> Option.map snd
        |> Option.defaultWith (fun () -> Array.zeroCreate leaf.Shape.Size))

/// Checks the gradient of a weighed sum of y by every f64 leaf: element by element (at most twelve, at random), and once along a
/// direction that moves all of them.
let checkAt (bindings: (string * float[]) list) seed (y: Expr) =
    let leaves =
        Evaluate.named [ y ]
        |> List.distinct
        |> List.filter (fun (_, leaf) -> leaf.DType = DType.F64)

    let weights, loss = weigh seed y
    let gradients = analytic loss (List.map snd leaves) bindings
    let run = Evaluate.program [ y ]
    let random = Random seed

    /// The change of the loss along a direction, by the five-point formula: its error is of the fourth order.
    let change (directions: Map<string, float[]>) =
        let at (offset: float) =
            bindings
            |> List.map (fun (name, values) ->
                match directions.TryFind name with
                | Some direction -> name, Array.map2 (fun value d -> value + offset * d) values direction
                | None -> name, values)
            |> run
            |> List.head

        let near = Array.map2 (-) (at step) (at -step)
        let far = Array.map2 (-) (at (2.0 * step)) (at (-2.0 * step))

        Array.map3 (fun weight near far -> weight * (8.0 * near - far) / (12.0 * step)) weights near far
        |> Array.sum

    let expectClose actual directions what =
        Expect.floatClose tolerance actual (change directions) $"the gradient by {what} of\n{Evaluate.text [ y ]}"

    let elements = [
        for (name, _), gradient in List.zip leaves gradients do
            for i in 0 .. gradient.Length - 1 do
                name, i, gradient
    ]

    for name, i, gradient in random.GetItems(Array.ofList elements, min 12 elements.Length) do
        let direction = Array.zeroCreate<float> gradient.Length
        direction[i] <- 1.0
        expectClose gradient[i] (Map [ name, direction ]) $"element {i} of {name}"

    let directions =
        leaves
        |> List.map (fun (name, leaf) -> name, Array.init leaf.Shape.Size (fun _ -> 2.0 * random.NextDouble() - 1.0))

    let along =
        List.map2 (fun (_, direction) gradient -> Array.sum (Array.map2 (*) direction gradient)) directions gradients

    expectClose (List.sum along) (Map directions) "all leaves at once"

/// Checks the gradient at random numbers away from kinks.
let check seed (y: Expr) =
    checkAt (Evaluate.randomBindings seed [ y ]) seed y
