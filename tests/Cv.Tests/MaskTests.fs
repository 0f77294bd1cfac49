/// What a select does not take does no harm: not in a derivative of any order, through any op but products of matrices and convolutions.
module Cv.Tests.MaskTests

open System
open System.Collections.Immutable
open Cv.Dsl
open Cv.Testing
open Cv.Compiler
open Cv.Tests.Generators
open Expecto
open FsCheck
open FsCheck.FSharp

let private numbers (point: Point) = [ for name in point.Names -> name, point[name] ]

/// Derivatives by all leaves, every order of forward and back up to the third.
let private orders (y: Expr) =
    let leaves = [|
        for name, leaf in Evaluate.named [ y ] |> List.distinct do
            if name <> "condition" then
                name, leaf
    |]

    let nodes = Array.map snd leaves
    let directions = [| for name, leaf in leaves -> Expr.Input("d" + name, leaf.Shape, DType.F64) |]

    let forward (f: Expr) =
        Jvp.Of(f, nodes, directions, Unreached.Zero)

    let gradients (f: Expr) =
        List.ofSeq (Gradient.Of(f, nodes, Unreached.Zero))

    let along (f: Expr) =
        Seq.map2 (fun (g: Expr) (d: Expr) -> (g * d).Sum()) (gradients f) directions
        |> Seq.reduce (fun (a: Expr) b -> a + b)

    let f1, b1 = forward y, along y
    let f2, b2 = forward f1, along b1

    [ y; f1; f2; forward f2; forward b1; along f1; forward b2; along f2 ]
    @ gradients y
    @ gradients b1
    @ gradients b2
    @ gradients f1

let private directions (y: Expr) = [
    for name, leaf in Evaluate.named [ y ] |> List.distinct do
        if name <> "condition" then
            "d" + name, Array.init leaf.Shape.Size (fun i -> 0.75 - 0.5 * float (i % 3))
]

let private isTame (values: float[] list) =
    values
    |> List.forall (Array.forall (fun v -> abs v < 1e12 && not (Double.IsNaN v)))

let private differs run (graph: MaskedGraph) =
    let outputs = orders graph.Y
    let more = directions graph.Y

    let expected: float[] list = run outputs (numbers graph.Harmless @ more)

    if not (isTame expected) then
        None
    else
        let actual = run outputs (numbers graph.Wild @ more)

        if Run.near 1e-9 actual expected then
            Some None
        else
            let which =
                List.map2 (fun a b -> Run.near 1e-9 [ a ] [ b ]) actual expected
                |> List.findIndex not

            Some(Some $"result {which}: %A{actual[which]} and not %A{expected[which]}\n{graph}")

let private randomGraphs =
    let arb = Gen.choose (0, 1_000_000) |> Gen.map MaskedGraph.Grow |> Arb.fromGen

    let property name count run =
        testPropertyWithConfig { FsCheckConfig.defaultConfig with maxTest = count } name
        <| Prop.forAll arb (fun graph ->
            match differs run graph with
            | Some(Some text) -> failtest text
            | Some None
            | None -> ())

    testList "random graphs to the third order" [
        property "interpreted" 150 Run.interpreted
        property "compiled" 25 (fun outputs values -> Run.compiled VectorWidth.Bits256 1 outputs values)

        testCase "most can be judged"
        <| fun () ->
            let judged =
                [ for seed in 1..60 -> differs Run.interpreted (MaskedGraph.Grow seed) ]
                |> List.choose id

            Expect.isGreaterThan judged.Length 40 "graphs whose derivatives are finite"
    ]

let private x dims = Expr.Input("x", shape dims, DType.F64)

let private mask dims =
    Expr.op_GreaterThan (Expr.Input("condition", shape dims, DType.F64), 0.0)

/// Every derivative is that of the graph which never had the branch.
let private named name (y: Expr) values =
    testCase name (fun () ->
        let outputs = orders y
        let bound = values @ directions y

        for what, actual in [ "interpreted", Run.interpreted outputs bound; "compiled", Run.compiled VectorWidth.Bits256 1 outputs bound ] do
            for i, numbers in List.indexed actual do
                Expect.isTrue (Array.forall Double.IsFinite numbers) $"{what}, result {i}: %A{numbers}")

let private cases =
    let x23 = x [ 2; 3 ]
    let values = [ "x", [| 0.0; 0.0; 0.0; 1.0; 2.0; 3.0 |]; "condition", [| -1.0; 1.0 |] ]
    let images = x [ 1; 2; 2; 1 ]

    testList "cases" [
        named
            "broadcast from a column"
            (Expr.Select(mask [ 2; 1 ], x23.Sum([| 1 |], true).Sqrt().BroadcastTo(shape [ 2; 3 ]), x23 * x23).Sum())
            values

        named "a pool" (Expr.Select(mask [ 1; 1; 1; 1 ], images.Sqrt().MaxPool 2, images.MaxPool 2).Sum()) [
            "x", [| 0.0; 0.0; 0.0; 0.0 |]
            "condition", [| -1.0 |]
        ]

        named "variance" (Expr.Select(mask [ 2; 1 ], x23.Log().Variance([| 1 |], true), x23.Sum([| 1 |], true)).Sum()) values
        named "softmax" (Expr.Select(mask [ 2; 1 ], x23.Log().Softmax(), x23).Sum()) values

        named
            "the root of what a select made 0"
            (Expr.Select(mask [ 2; 1 ], x23, x23.Like 0.0)
             |> fun v -> Expr.Select(mask [ 2; 1 ], v.Sqrt() * v, x23).Sum())
            values
    ]

/// A maximum, a gate or a pool that does not choose an element does not depend on it, however steep the way to it is.
let private chosen =
    let x = x [ 3 ]
    let at = [ "x", [| 0.0; 4.0; 9.0 |] ]

    let gives name (y: Expr) expected =
        testCase name (fun () ->
            let ones = Expr.Const(1.0, DType.F64).BroadcastTo x.Shape
            let outputs = [ Gradient.Of(y.Sum(), x)[0]; Gradient.Of(Jvp.Of(y, [| x |], [| ones |]).Sum() + y.Sum() * 0.0, x)[0] ]

            for run in [ Run.interpreted; Run.compiled VectorWidth.Bits256 1 ] do
                let values = run outputs at
                Expect.sequenceEqual values[0] expected "the gradient"
                Expect.isTrue (Array.forall Double.IsFinite values[1]) $"the second %A{values[1]}")

    testList "chosen" [
        gives "maximum" (x.Sqrt().Maximum 1.0) [ 0.0; 0.25; 1.0 / 6.0 ]
        gives "minimum" ((-x.Sqrt()).Minimum(-1.0)) [ 0.0; -0.25; -1.0 / 6.0 ]
        gives "relu" (x.Log().Relu()) [ 0.0; 0.25; 1.0 / 9.0 ]
        gives "the largest of all" (x.Sqrt().Max()) [ 0.0; 0.0; 1.0 / 6.0 ]
        gives "a pool" (x.Sqrt().Reshape(1, 1, 3, 1).MaxPool2d(Window 1, Window 3)) [ 0.0; 0.0; 1.0 / 6.0 ]

        testCase "forward, the root of a maximum with 0 stays at 0"
        <| fun () ->
            let y = x.Maximum(0.0).Sqrt()
            let moved = Jvp.Of(y, [| x |], [| Expr.Const(1.0, DType.F64).BroadcastTo x.Shape |])
            Expect.sequenceEqual (Run.interpreted [ moved ] [ "x", [| -1.0; 4.0; -4.0 |] ]).Head [ 0.0; 0.25; 0.0 ] "tangent"
    ]

[<Tests>]
let tests = testList "masks" [ randomGraphs; cases; chosen ]
