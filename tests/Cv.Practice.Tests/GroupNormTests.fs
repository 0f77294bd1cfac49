/// Group normalisation and PReLU's layer, against the formulas of their papers.
module Cv.Tests.GroupNormTests

open System
open Cv.Compiler
open Cv.Dsl
open Cv.FSharp
open Cv.Runtime
open Cv.Testing
open Cv.Tests.Generators
open Expecto
open FsCheck
open FsCheck.FSharp

let private shape (dims: int list) = Generators.shape dims
let private same (a: Expr) (b: Expr) = obj.ReferenceEquals(a, b)

/// For each example and group, the mean and the variance of all its numbers.
let private normalised groups (scale: float[]) (shift: float[]) (dims: int list) (x: float[]) =
    let channels = List.last dims
    let size = channels / groups

    let groupOf (index: int list) = index[0], List.last index / size

    let members =
        Reference.indices dims
        |> List.zip (List.ofArray x)
        |> List.groupBy (fun (_, index) -> groupOf index)
        |> List.map (fun (group, items) -> group, List.map fst items)
        |> dict

    Reference.tensor dims (fun index ->
        let numbers = members[groupOf index]
        let mean = List.average numbers
        let variance = numbers |> List.averageBy (fun v -> (v - mean) ** 2.0)
        let channel = List.last index

        (Reference.element dims x index - mean) / sqrt (variance + 1e-5)
        * scale[channel]
        + shift[channel])

let private groups =
    testList "group norm" [
        for dims, groups in [ [ 3; 4; 5; 6 ], 2; [ 2; 3; 3; 6 ], 3; [ 2; 2; 7; 4 ], 1; [ 3; 5; 2; 4 ], 4; [ 5; 6 ], 2; [ 2; 9; 4 ], 2 ] do
            testPropertyWithConfig { FsCheckConfig.defaultConfig with maxTest = 5 } $"{dims} in {groups} groups: the paper's formula"
            <| Prop.forAll Generators.seed (fun seed ->
                let channels = List.last dims
                let y = (Reference.f64 "x" dims).GroupNorm groups
                Expect.equal y.Shape (shape dims) "the shape stays"

                match numbers seed [ Reference.size dims; channels; channels ] with
                | [ x; scale; shift ] ->
                    let values = [ "x", x; "groupnorm1.scale", scale; "groupnorm1.shift", shift ]
                    Expect.isTrue (Run.near 1e-9 [ Evaluate.value values y ] [ normalised groups scale shift dims x ]) "the numbers"
                | _ -> failtest "three arrays")

        testCase "one group of rows is layer norm, one example a group's own"
        <| fun () ->
            let x = Reference.f64 "x" [ 4; 6 ]
            let values = numbers 3 [ 24 ] |> List.head

            let plain (y: Expr) =
                Evaluate.named [ y ]
                |> List.distinct
                |> List.map (fun (name, leaf) ->
                    name,
                    if name = "x" then
                        values
                    else
                        Array.create leaf.Shape.Size (if name.EndsWith "scale" then 1.0 else 0.0))
                |> fun bindings -> Evaluate.value bindings y

            Expect.isTrue (Run.near 1e-12 [ plain (x.GroupNorm 1) ] [ plain (x.LayerNorm()) ]) "layer norm"

        testCase "its gradient"
        <| fun () ->
            let x = Expr.Input("x", shape [ 2; 3; 2; 4 ], DType.F64)
            let y = x.GroupNorm(2).Tanh().Sum()
            let at = Point(Map(Evaluate.randomBindings 1 [ y ]))

            Check.Gradient(y, at, CheckOptions(Elements = 12, Seed = 1)).MustPass()
            |> ignore

        testCase "compiled at every width, of a batch that is a symbol"
        <| fun () ->
            let model =
                Model.Input(6, 6, 3).Conv(8, 3).GroupNorm(4).Relu().GlobalAvgPool().Dense(2)

            Expect.equal [ for stage in model.Stages -> stage.Name ] [ "conv1"; "groupnorm1"; "relu1"; "globalavgpool1"; "dense1" ] "stages"
            let y = model.Output.Bind(readOnlyDict [ "N", 5 ])
            let values = Evaluate.randomBindings 1 [ y ]
            let state = Evaluate.named [ y ] |> List.distinctBy fst
            // parameters as inputs, to run without a state
            let given =
                y.Substitute(
                    readOnlyDict [
                        for name, leaf in state do
                            if leaf.Op :? Parameter then
                                leaf, Expr.Input(name, leaf.Shape, leaf.DType)
                    ]
                )

            let expected = Run.interpreted [ given ] values

            for width in Run.widths do
                Expect.isTrue (Run.near 1e-5 (Run.compiled width 2 [ given ] values) expected) $"{width}"

        testCase "the same in training and after it, whatever the batch"
        <| fun () ->
            let y = (Expr.Input("x", shape [ 2; 2; 2; 4 ])).GroupNorm 2
            let graph = Cv.Compiler.Graph y
            Expect.isTrue (same (graph.ForTraining().Outputs[0]) y) "training"
            Expect.isTrue (same (graph.ForInference().Outputs[0]) y) "inference"

        testCase "in F#"
        <| fun () ->
            let x = Expr.Input("x", shape [ 2; 2; 2; 4 ])
            Expect.isTrue (Evaluate.alike (x |> groupNorm 2) (x.GroupNorm 2)) "groupNorm"
            Expect.isTrue (Evaluate.alike (x |> preluLayer) (x.Prelu())) "preluLayer"
    ]

let private prelu =
    testList "prelu" [
        testCase "a slope a channel, a quarter at first"
        <| fun () ->
            let model = Model.Input(2, 2, 3).Prelu().Prelu(0.1)
            Expect.equal [ for p in model.Parameters -> (p.Op :?> Named).Id ] [ "prelu1.slope"; "prelu2.slope" ] "names"
            Expect.equal [ for p in model.Parameters -> string p.Type ] [ "f32[1,1,1,3]"; "f32[1,1,1,3]" ] "shapes"
            Expect.isEmpty model.Weights "no penalty"
            use state = ModelState.Initialise(model.Parameters, 1UL)
            Expect.sequenceEqual (state["prelu1.slope"].ToDoubles()) [ 0.25; 0.25; 0.25 ] "a quarter"

        testCase "each channel by its own slope"
        <| fun () ->
            let y = (Reference.f64 "x" [ 2; 3 ]).Prelu()
            let values = [ "x", [| -1.0; -1.0; 2.0; 4.0; -2.0; -8.0 |]; "prelu1.slope", [| 0.5; 0.25; 0.125 |] ]
            Expect.sequenceEqual (Evaluate.value values y) [ -0.5; -0.25; 2.0; 4.0; -0.5; -1.0 ] "the numbers"
    ]

let private mistakes =
    let x dims = Expr.Input("x", shape dims)

    testList "mistakes" [
        for name, run, expected in
            [
                "groups that do not divide",
                (fun () -> (x [ 2; 3; 3; 6 ]).GroupNorm 4),
                "group_norm: the groups of \"groupnorm1\" must divide the channels; got 4 for f32[2,3,3,6]. Take a divisor of 6."
                "no group",
                (fun () -> (x [ 2; 6 ]).GroupNorm 0),
                "group_norm: the groups of \"groupnorm1\" must divide the channels; got 0 for f32[2,6]. Take a divisor of 6."
                "an epsilon of 0",
                (fun () -> (x [ 2; 6 ]).GroupNorm(2, epsilon = 0.0)),
                "group_norm: epsilon must be a finite number above 0; got 0. 1e-5 is usual."
                "a vector",
                (fun () -> (x [ 6 ]).GroupNorm 2),
                "group_norm: \"groupnorm1\" needs examples of features, f32 or f64 [N, ..., C] with C known; got f32[6]. Reshape it first: .Reshape(1, -1)?"
                "a height that is a symbol",
                (fun () -> (Expr.Input("x", shapeOf [ Dim "N"; Dim "H"; Dim 4; Dim 6 ])).GroupNorm 2),
                "group_norm: \"groupnorm1\" needs all dims but the first known; got f32[N,H,4,6]. Give them numbers."
                "a name twice",
                (fun () -> Model.Input(4, 4, 4).GroupNorm(2, "a").GroupNorm(2, "a").Output),
                "group_norm: a layer's name must be its own; the model already has \"a.scale\". Choose another, or share on purpose: .Then(x => x.GroupNorm(...))."
                "slopes that are no number",
                (fun () -> (x [ 2; 6 ]).Prelu nan),
                "constant: the number must be finite; got NaN. 0.25 is usual for the slopes of a PReLU."
            ] do
            testCase name
            <| fun () -> Expect.throwsC (run >> ignore) (fun ex -> Expect.equal (Mistakes.text ex) expected "the text")
    ]

[<Tests>]
let tests = testList "group norm and prelu" [ groups; prelu; mistakes ]
