/// Random graphs: they hold every op, keep clear of kinks, shrink to what fails, and print as code.
module Cv.Tests.RandomGraphTests

open System
open System.Collections.Immutable
open Cv.Dsl
open Cv.Tests.Generators
open Cv.Tests.Reference
open Expecto
open FsCheck
open FsCheck.FSharp
open Cv.Testing

/// Ops that no graph grows: leaves of another kind, whole-tensor gates of one's own, and what loops and recomputation are made of.
let private notGrown = [ "Parameter"; "Custom"; "Scan"; "Argument"; "Part"; "Pack"; "Delay"; "Checkpoint" ]

let private halved =
    VjpRule(fun y dy ->
        let flows = y.Op.Vjp(y, dy)

        match flows[0] with
        | null -> flows
        | flow -> if y.Op :? Tanh then flows.SetItem(0, flow * 0.5) else flows)

let private fails (graph: GraphCase) =
    Check.ByElements(Subject(graph.Y, graph.At, CheckOptions(Elements = 4), halved))
    |> Seq.exists (fun element -> element.Verdict = Verdict.Fail)

let private x = f64 "x" [ 2; 3 ]

let private prints name (y: Expr) csharp fsharp =
    testCase name (fun () ->
        Expect.equal (GraphCode.CSharp y) (String.concat "\n" csharp) "C#"
        Expect.equal (GraphCode.FSharp y) (String.concat "\n" fsharp) "F#")

[<Tests>]
let tests =
    testList "graphs by chance" [
        testPropertyWithConfig { FsCheckConfig.defaultConfig with maxTest = 60 } "their gradients are right"
        <| Prop.forAll (RandomGraphs.Arbitrary()) (fun graph ->
            let report = Check.Gradient(graph.Y, graph.At, CheckOptions(Elements = 6))
            Expect.notEqual report.Verdict Verdict.Fail (string report))

        testCase "hold every op"
        <| fun () ->
            let grown =
                set [
                    for seed in 1..600 do
                        for node in Expr.Nodes((RandomGraphs.Grow seed).Y) do
                            node.Op.GetType().Name
                ]

            let missing =
                Catalogue.ops
                |> List.map _.Name
                |> List.filter (fun op -> not (grown.Contains op || List.contains op notGrown))

            Expect.isEmpty missing "ops that no graph holds"

        testCase "can be judged"
        <| fun () ->
            let inconclusive = [
                for seed in 1..60 do
                    let graph = RandomGraphs.Grow seed
                    let report = Check.Gradient(graph.Y, graph.At, CheckOptions(Elements = 4))

                    if report.Verdict <> Verdict.Pass then
                        seed, string report
            ]

            Expect.isEmpty inconclusive "graphs that the checker cannot judge"

        testCase "a seed grows the same graph"
        <| fun () ->
            for seed in 1..20 do
                Expect.isTrue (obj.ReferenceEquals((RandomGraphs.Grow seed).Y, (RandomGraphs.Grow seed).Y)) "one graph"

        testCase "have dims of 0 and 1, and of others"
        <| fun () ->
            let dims =
                set [
                    for seed in 1..200 do
                        for node in Expr.Nodes((RandomGraphs.Grow seed).Y) do
                            yield! node.Shape.ToArray()
                ]

            for dim in [ 0; 1; 2; 3; 5; 7 ] do
                Expect.contains dims dim "a dim"

        testCase "hold what a user adds"
        <| fun () ->
            let own =
                GrowthOptions(Own = ImmutableArray.Create(Growth.Of("swish", fun x -> x * x.Sigmoid())))

            let held =
                Seq.init 20 (fun seed -> Expr.Nodes((RandomGraphs.Grow(seed, own)).Y))
                |> Seq.filter (Seq.exists (fun node -> node.Op :? Sigmoid))
                |> Seq.length

            Expect.isGreaterThan held 10 "graphs that hold it"

        testCase "what fails shrinks to the op that is wrong, on one number"
        <| fun () ->
            let failing =
                Seq.initInfinite RandomGraphs.Grow
                |> Seq.filter fails
                |> Seq.filter (fun graph -> (Expr.Nodes graph.Y).Length > 8)
                |> Seq.truncate 3

            for graph in failing do
                let minimal = Shrinking.Minimal(graph, fails)
                Expect.isTrue (minimal.Y.Op :? Tanh) (string minimal)
                Expect.isTrue (minimal.Y.Operands[0].Op :? Input) (string minimal)
                Expect.equal minimal.Y.Shape.Size 1 (string minimal)

        testCase "every cut is simpler in one way"
        <| fun () ->
            for seed in 1..10 do
                let graph = RandomGraphs.Grow seed

                for cut in Shrinking.Of graph do
                    Expect.isFalse (obj.ReferenceEquals(cut.Y, graph.Y)) "another graph"
                    Expect.equal cut.Seed seed "of the same seed"

        prints "a composition" (x.Tanh() * 0.5 + x.Sum([| 1 |], true)) [
            "Expr x = Expr.Input(\"x\", [2,3], DType.F64);"
            "Expr t1 = x.Tanh();"
            "Expr t2 = Expr.Const(0.5, DType.F64);"
            "Expr t3 = t1 * t2;"
            "Expr t4 = Expr.Of(new ReduceSum(new Axes(2u)), x);"
            "Expr y = t3 + t4;"
        ] [
            "let x = Expr.Input(\"x\", Shape.Of [ 2; 3 ], DType.F64)"
            "let t1 = x.Tanh()"
            "let t2 = Expr.Const(0.5, DType.F64)"
            "let t3 = t1 * t2"
            "let t4 = Expr.Of(ReduceSum(Axes(2u)), [| x |])"
            "let y = t3 + t4"
        ]

        testCase "printed F# builds the same graph"
        <| fun () ->
            let y = x.Tanh() * 0.5 + x.Sum([| 1 |], true)

            let printed =
                let x = Expr.Input("x", Shape.Of [ 2; 3 ], DType.F64)
                let t1 = x.Tanh()
                let t2 = Expr.Const(0.5, DType.F64)
                let t3 = t1 * t2
                let t4 = Expr.Of(ReduceSum(Axes(2u)), [| x |])
                t3 + t4

            Expect.isTrue (obj.ReferenceEquals(printed, y)) "one node"

        testCase "a counter-example prints code, numbers and seed"
        <| fun () ->
            let text = string (GraphCase(Expr.Input("x", Shape.Scalar, DType.F64).Exp(), 7))

            for part in
                [
                    "// C#\nExpr x = "
                    "var at = new Point((\"x\", ["
                    "// F#\nlet x = "
                    "let at = Point(Map [ (\"x\", [|"
                    "// seed 7"
                ] do
                Expect.stringContains text part "a part"
    ]
