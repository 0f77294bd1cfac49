/// Smooth functions that are written by parts with kinks, and functions that have a stated derivative where they have none: at 0, and far out.
module Cv.Tests.KinkTests

open System
open Cv.Compiler
open Cv.Dsl
open Cv.Tests.ErrorTextTests
open Cv.Tests.Generators
open Expecto

let private every = [ "interpreted", Run.interpreted; "compiled", Run.compiled VectorWidth.Bits256 1 ]

let private back (x: Expr) (y: Expr) =
    Gradient.Of(y.Sum(), [| x |], Unreached.Zero)[0]

let private forward (x: Expr) (y: Expr) =
    Jvp.Of(y, [| x |], [| (x.Like 1.0).BroadcastTo x.Shape |], Unreached.Zero)

let private less (a: Expr) (b: Expr) = Expr.op_LessThan (a, b)
let private greater (a: Expr) (b: Expr) = Expr.op_GreaterThan (a, b)
let private atLeast (a: Expr) (b: Expr) = Expr.op_GreaterThanOrEqual (a, b)
let private zero (s: Expr) = s.Like 0.0
let private log (s: Expr) = (-s.Abs()).Exp().Log1p()

/// Ways to write the cross-entropy of a sigmoid's score, each of which has kinks at 0.
let private formulas: (string * (Expr -> Expr -> Expr)) list = [
    "max(s, 0) - s z + log1p(exp(-|s|))", (fun s z -> s.Maximum 0.0 - s * z + log s)
    "with log(1 + ...)", (fun s z -> s.Maximum 0.0 - s * z + (1.0 + (-s.Abs()).Exp()).Log())
    "relu", (fun s z -> s.Relu() - s * z + log s)
    "max(0, s)", (fun s z -> (zero s).Maximum s - s * z + log s)
    "(s + |s|) / 2", (fun s z -> (s + s.Abs()) / 2.0 - s * z + log s)
    "the logarithm first", (fun s z -> log s - (s * z - s.Relu()))
    "the logarithm in the middle", (fun s z -> -(s * z) + log s + s.Maximum 0.0)
    "-min(-s, 0)", (fun s z -> -((-s).Minimum 0.0) - s * z + log s)
    "(1 - z) s + max(-s, 0)", (fun s z -> (1.0 - z) * s + ((-s).Maximum 0.0 + log s))
    "log sigmoid by min", (fun s z -> -(z * (s.Minimum 0.0 - log s) + (1.0 - z) * ((-s).Minimum 0.0 - log s)))
    "logaddexp(0, s)", (fun s z -> (zero s).Maximum s + (-(zero s - s).Abs()).Exp().Log1p() - s * z)
    "-|s| as a minimum", (fun s z -> s.Maximum 0.0 - s * z + s.Minimum(-s).Exp().Log1p())
    "-|s| as a maximum", (fun s z -> s.Maximum 0.0 - s * z + (-(s.Maximum(-s))).Exp().Log1p())
    "-1 |s|", (fun s z -> s.Maximum 0.0 - s * z + (s.Abs() * -1.0).Exp().Log1p())
    "a select", (fun s z -> Expr.Select(greater s (zero s), s, zero s) - s * z + log s)
    "a select with >=", (fun s z -> Expr.Select(atLeast s (zero s), s, zero s) - s * z + log s)
    "a select with <", (fun s z -> Expr.Select(less s (zero s), zero s, s) - s * z + log s)
    "selects for both",
    (fun s z ->
        let isPositive = atLeast s (zero s)

        Expr.Select(isPositive, s, zero s) - s * z
        + Expr.Select(isPositive, -s, s).Exp().Log1p())
    "a mask as a factor", (fun s z -> s * (greater s (zero s)).Cast(s.DType) - s * z + log s)
    "softplus", (fun s z -> s.Softplus() - s * z)
    "log(1 + exp s)", (fun s z -> (1.0 + s.Exp()).Log() - s * z)
]

let private scores = [| 0.0; -0.0; 1.5; -2.0; 30.0; -30.0 |]
let private sigmoid (s: float) = SpecialFunctions.Sigmoid s

let private crossEntropy =
    testList "cross-entropies written by hand" [
        for dtype in [ DType.F32; DType.F64 ] do
            for name, formula in formulas do
                testCase $"{name}, {dtype}" (fun () ->
                    let s = Expr.Input("s", shape [ scores.Length ], dtype)
                    let z = Expr.Const(0.25, dtype)
                    let y = formula s z
                    let outputs = [ y; back s y; forward s y; back s (back s y) ]

                    let expected = [
                        [| for v in scores -> SpecialFunctions.Softplus v - 0.25 * v |]
                        [| for v in scores -> sigmoid v - 0.25 |]
                        [| for v in scores -> sigmoid v - 0.25 |]
                    ]

                    for how, run in every do
                        let actual = run outputs [ "s", scores ]

                        Expect.isTrue
                            (Run.near (if dtype = DType.F32 then 1e-6 else 1e-14) (List.truncate 3 actual) expected)
                            $"{how}: %A{actual}")

        testCase "means of the parts, added"
        <| fun () ->
            let s = Expr.Input("s", shape [ 2 ], DType.F64)
            let y = (s.Maximum 0.0 - s * 0.25).Mean() + (log s).Mean()
            Expect.sequenceEqual (Run.interpreted [ back s y ] [ "s", [| 0.0; 0.0 |] ]).Head [ 0.125; 0.125 ] "(1/2 - z) / 2"

        testCase "logaddexp of two"
        <| fun () ->
            let a, b =
                Expr.Input("a", shape [ 2 ], DType.F64), Expr.Input("b", shape [ 2 ], DType.F64)

            let y = a.Maximum b + (-(a - b).Abs()).Exp().Log1p()

            let actual =
                Run.interpreted [ back a y; back b y ] [ "a", [| 1.0; 3.0 |]; "b", [| 1.0; 3.0 |] ]

            Expect.equal actual [ [| 0.5; 0.5 |]; [| 0.5; 0.5 |] ] "a half each"

        testCase "the magnitude's logarithm alone keeps its kink"
        <| fun () ->
            let s = Expr.Input("s", shape [ 1 ], DType.F64)
            Expect.sequenceEqual (Run.interpreted [ back s (log s + s * 2.0) ] [ "s", [| 0.0 |] ]).Head [ 2.0 ] "0, as |s| has"

        for name, gate in
            [
                "max",
                Gate.Define("by max", (fun (s: float) (z: float) -> Math.Max(s, 0.0) - s * z + Math.Log(1.0 + Math.Exp(-(Math.Abs s)))))
                "turned",
                Gate.Define("turned", (fun (s: float) (z: float) -> Math.Log(Math.Exp(-(Math.Abs s)) + 1.0) - s * z + Math.Max(0.0, s)))
                "min",
                Gate.Define(
                    "by min",
                    (fun (s: float) (z: float) -> -s * z - Math.Min(-s, 0.0) + SpecialFunctions.Log1p(Math.Exp(-(Math.Abs s))))
                )
                "conditional",
                Gate.Define(
                    "by test",
                    (fun (s: float) (z: float) -> (if s > 0.0 then s else 0.0) - s * z + Math.Log(1.0 + Math.Exp(-(Math.Abs s))))
                )
                "conditionals",
                Gate.Define(
                    "by tests",
                    (fun (s: float) (z: float) ->
                        (if s >= 0.0 then s else 0.0) - s * z
                        + Math.Log(1.0 + Math.Exp(if s >= 0.0 then -s else s)))
                )
            ] do
            testCase $"a gate, {name}" (fun () ->
                let s = Expr.Input("s", shape [ scores.Length ], DType.F64)
                let y = s.Apply(gate, s.Like(0.25).BroadcastTo s.Shape)
                let outputs = [ y; back s y; forward s y ]

                let expected = [
                    [| for v in scores -> SpecialFunctions.Softplus v - 0.25 * v |]
                    [| for v in scores -> sigmoid v - 0.25 |]
                    [| for v in scores -> sigmoid v - 0.25 |]
                ]

                for how, run in every do
                    let actual = run outputs [ "s", scores ]
                    Expect.isTrue (Run.near 1e-13 actual expected) $"{how}: %A{actual}")
    ]

/// The loss of the library: values, gradients, labels, and scores far out.
let private builtIn =
    let far = [| 0.0; 1e-45; 1.0; -1.0; 88.0; -104.0; 1e4; -1e4; 1e10; -1e20; 1e38; -3.4e38 |]

    testList "binary cross-entropy" [
        for dtype in [ DType.F32; DType.F64 ] do
            for target in [ 0.0; 1.0; 0.25 ] do
                testCase $"finite everywhere, target {target}, {dtype}" (fun () ->
                    let s = Expr.Input("s", shape [ far.Length ], dtype)
                    let y = s.Apply(Gate.BinaryCrossEntropy, s.Like(target).BroadcastTo s.Shape)
                    let outputs = [ y; back s y; forward s y; back s (back s y) ]

                    let at =
                        if dtype = DType.F32 then
                            Array.map (float32 >> float) far
                        else
                            far

                    let value (s: float) =
                        target * SpecialFunctions.Softplus(-s)
                        + (1.0 - target) * SpecialFunctions.Softplus s

                    let slope (s: float) =
                        (1.0 - target) * sigmoid s - target * sigmoid -s

                    let expected = [
                        Array.map value at
                        Array.map slope at
                        Array.map slope at
                        Array.map (fun s -> sigmoid s * sigmoid -s) at
                    ]

                    for how, run in every do
                        for actual, expected in List.zip (run outputs [ "s", far ]) expected do
                            Array.iter2
                                (fun a e ->
                                    Expect.isTrue
                                        (abs (a - e) <= (if dtype = DType.F32 then 1e-6 else 1e-14) * abs e + 1e-44)
                                        $"{how}: {a} and not {e}")
                                actual
                                expected)

        testCase "labels, as numbers and as truths, of the scores' shape or of rows"
        <| fun () ->
            let s = Expr.Input("s", shape [ 3; 1 ], DType.F64)
            let rows = Expr.Input("rows", shape [ 3 ], DType.I32)
            let square = rows.Reshape(3, 1)
            let truths = square.Cast DType.Bool
            let values = [ "s", [| 0.5; -1.0; 2.0 |]; "rows", [| 1.0; 0.0; 1.0 |] ]

            let expected =
                (SpecialFunctions.Softplus -0.5
                 + SpecialFunctions.Softplus -1.0
                 + SpecialFunctions.Softplus -2.0)
                / 3.0

            for targets in [ rows; square; truths; square.Cast DType.F64 ] do
                Expect.floatClose Accuracy.high (Evaluate.item values (s.BinaryCrossEntropy targets)) expected $"{targets.Type}"

        refusals "errors" [
            "targets of other rows",
            (fun () -> (x [ 3; 2 ]).BinaryCrossEntropy(i32 [ 3 ])),
            "binary_cross_entropy: scores must be f32 or f64, and targets of their type, or labels i32 or bool of their shape; got f32[3,2] and i32[3]. For scores [N,1], give labels i32[N] or targets of the scores' type."

            "scores that are whole",
            (fun () -> (i32 [ 3 ]).BinaryCrossEntropy(i32 [ 3 ])),
            "binary_cross_entropy: scores must be f32 or f64, and targets of their type, or labels i32 or bool of their shape; got i32[3] and i32[3]. For scores [N,1], give labels i32[N] or targets of the scores' type."
        ]
    ]

/// Roots of squares: norms, deviations, distances.
let private roots =
    let x = Expr.Input("x", shape [ 2; 3 ], DType.F64)
    let zeros = [ "x", Array.zeroCreate 6 ]
    let third f = [ back x f; forward x f; back x (back x f); forward x (back x f); back x (back x (back x f)) ]

    let atZero name (y: Expr) (expected: float) =
        testCase name (fun () ->
            for how, run in every do
                for i, actual in List.indexed (run (third y) zeros) do
                    let want = if i < 2 || expected = 0.0 then 0.0 else expected
                    let all = if i = 4 then 0.0 else want
                    Expect.isTrue (actual |> Array.forall (fun v -> v = all)) $"{how}, result {i}: %A{actual}")

    let far name scale dtype =
        testCase name (fun () ->
            let x = Expr.Input("x", shape [ 1; 2 ], dtype)
            let values = [ "x", [| 3.0 * scale; 4.0 * scale |] ]

            let outputs = [ x.Norm(); back x (x.Norm()); x.Std(); x.PairwiseDistances(x * 0.0) ]
            let expected = [ [| 5.0 * scale |]; [| 0.6; 0.8 |]; [| 0.5 * scale |]; [| 5.0 * scale |] ]

            for how, run in every do
                List.iter2
                    (fun (actual: float[]) expected ->
                        Array.iter2 (fun a e -> Expect.isTrue (abs (a - e) <= 1e-5 * abs e) $"{how}: {a} and not {e}") actual expected)
                    (run outputs values)
                    expected)

    testList "roots of squares" [
        atZero "norm" (x.Norm()) 0.0
        atZero "norm of rows" (x.Norm 1) 0.0
        atZero "std" (x.Std()) 0.0
        atZero "distances" (x.PairwiseDistances()) 0.0
        atZero "the norm's square" (x.Norm().Pow 2.0) 0.0
        atZero "the root of a sum of squares, squared" ((x * x).Sum().Sqrt().Pow 2.0) 2.0
        atZero "the same, times itself" ((x * x).Sum().Sqrt() |> fun r -> r * r) 2.0
        atZero "the same, by rows" ((x * x).Sum([| 1 |], true).Sqrt().Reshape(2).Pow 2.0) 2.0
        atZero "the fourth power" (x.Abs().Sqrt().Pow 4.0) 2.0
        atZero "the root of a square" ((x * x).Sqrt()) 0.0
        far "f32, large" 1e30 DType.F32
        far "f32, small" 1e-30 DType.F32
        far "f32, below the least normal" 1e-40 DType.F32
        far "f64, large" 1e300 DType.F64
        far "f64, small" 1e-300 DType.F64

        testCase "distances: golden values, the diagonal, other rows, and a batch"
        <| fun () ->
            let a = Expr.Literal(shape [ 2; 2 ], [| 0.0; 0.0; 3.0; 4.0 |], DType.F64)
            let b = Expr.Literal(shape [ 3; 2 ], [| 0.0; 0.0; 6.0; 8.0; 0.0; 4.0 |], DType.F64)
            Expect.sequenceEqual (Evaluate.value [] (a.PairwiseDistances b)) [ 0.0; 10.0; 4.0; 5.0; 5.0; 3.0 ] "to others"
            Expect.sequenceEqual (Evaluate.value [] (a.PairwiseDistances())) [ 0.0; 5.0; 5.0; 0.0 ] "to itself"
            let batch = (a.Reshape(1, 2, 2)).PairwiseDistances(b.Reshape(1, 3, 2))
            Expect.equal batch.Shape (shape [ 1; 2; 3 ]) "a batch"

        testCase "the gradient of a distance is a unit vector"
        <| fun () ->
            let y = x.PairwiseDistances().Sum()
            let values = [ "x", [| 0.0; 0.0; 0.0; 3.0; 0.0; 4.0 |] ]

            Expect.isTrue
                (Run.near 1e-14 (Run.interpreted [ back x y ] values) [ [| -1.2; 0.0; -1.6; 1.2; 0.0; 1.6 |] ])
                "2 (x - z) / |x - z|"

        testCase "NaN and infinities come out as they would on paper"
        <| fun () ->
            let x = Expr.Input("x", shape [ 4; 2 ])
            let values = [ "x", [| nan; 1.0; infinity; 1.0; -infinity; 1.0; nan; infinity |] ]

            for how, run in every do
                match run [ x.Norm 1 ] values with
                | [ [| a; b; c; d |] ] ->
                    Expect.isTrue (Double.IsNaN a && Double.IsNaN d) how
                    Expect.equal (b, c) (infinity, infinity) how
                | other -> failtest $"%A{other}"

        testCase "of nothing"
        <| fun () ->
            let nothing = Expr.Input("x", shape [ 2; 0 ])

            for how, run in every do
                Expect.equal (run [ nothing.Norm 1; nothing.Norm() ] [ "x", [||] ]) [ [| 0.0; 0.0 |]; [| 0.0 |] ] how

        refusals "errors" [
            "distances of other features",
            (fun () -> (Expr.Input("a", shape [ 2; 3 ])).PairwiseDistances(Expr.Input("b", shape [ 2; 4 ]))),
            "pairwise_distances: both sides must be rows of one dtype, f32 or f64 [..., rows, D], that agree in all but the rows; got f32[2,3] and f32[2,4]. Reshape or cast one of them."
        ]
    ]

[<Tests>]
let tests = testList "kinks" [ crossEntropy; builtIn; roots ]
