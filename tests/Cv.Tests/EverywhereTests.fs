/// Gates are checked at every scale and at their thresholds: what is wrong only there fails, what is right passes.
module Cv.Tests.EverywhereTests

open System
open Cv.Dsl
open Cv.Testing
open Cv.Tests.Generators
open Expecto

/// Methods of a user, of floats and of doubles: nobody sees their inside.
module Mine =
    let square (x: float32) = x * x + 1.0f

    let bent (x: float32) =
        if x > 3.0f then 2.0f * x else x * x - 3.0f

    let wave (x: float) = float (MathF.Sin(float32 x))
    let smooth (x: float) = x * x * x

let private gate (g: ScalarGate) = fun () -> Check.Gate(g, 2)

let private passes name g = testCase $"passes: {name}" (gate g)

let private fails name (texts: string list) g =
    testCase $"is told: {name}" (fun () ->
        Expect.throwsC (gate g) (fun ex ->
            for text in texts do
                Expect.stringContains ex.Message text "the text"

            for never in [ "should be NaN"; "..." ] do
                Expect.isFalse (ex.Message.Contains never) $"{never} in {ex.Message}"))

let private wrong =
    testList "wrong" [
        fails "relu6 whose derivative forgets the 6" [ "x is 1, should be 0"; "at x = ["; "let at = Point(Map [ (\"x\"" ]
        <| Gate.Define(
            "relu6",
            (fun (x: float32) -> MathF.Min(MathF.Max(x, 0.0f), 6.0f)),
            (fun (x: float32) (y: float32) -> if x > 0.0f then 1.0f else 0.0f * y)
        )
        fails "hardtanh(3) with the derivative 1" [ "x is 1, should be 0" ]
        <| Gate.Define(
            "hardtanh3",
            (fun (x: float32) -> MathF.Min(MathF.Max(x, -3.0f), 3.0f)),
            (fun (x: float32) (y: float32) -> 1.0f + 0.0f * x * y)
        )
        fails "softplus with 0 above 20" [ "x is 0, should be 1" ]
        <| Gate.Define(
            "sp20",
            (fun (x: float32) -> if x > 20.0f then x else MathF.Log(1.0f + MathF.Exp x)),
            (fun (x: float32) (y: float32) -> if x > 20.0f then 0.0f * y else 1.0f / (1.0f + MathF.Exp -x))
        )
        fails "a root of a square, infinite in f32 at 1e20" [ "the value is Infinity, should be "; "in f32" ]
        <| Gate.Define("length", (fun (x: float32) -> MathF.Sqrt(x * x + 1.0f)))
        fails "a derivative that is NaN where the exact one is 1" [ "x is NaN, should be 1" ]
        <| Gate.Define("self", (fun (x: float32) -> x), (fun (x: float32) (y: float32) -> x / y))
        fails "a derivative that is wrong between two thresholds that lie close" [ "should be 1" ]
        <| Gate.Define(
            "dent",
            (fun (x: float32) -> x),
            (fun (x: float32) (y: float32) -> if abs (x - 7.25f) < 1e-4f then 0.5f + 0.0f * y else 1.0f)
        )
        fails "a threshold in another place" [ "should be " ]
        <| Gate.Define(
            "bend",
            (fun (x: float32) -> if x > 2.0f then 3.0f * x - 4.0f else x),
            (fun (x: float32) (y: float32) -> if 2.0f * x > 4.002f then 3.0f else 1.0f + 0.0f * y)
        )
        fails "a threshold of an expression that is not linear" [ "should be " ]
        <| Gate.Define(
            "ring",
            (fun (x: float32) -> MathF.Max(x * x - 5.0f, 0.0f)),
            (fun (x: float32) (y: float32) -> if y > 1e-3f then 2.0f * x else 0.0f)
        )
        fails "a denormal's sign" [ "should be " ]
        <| Gate.Define(
            "tiny",
            (fun (x: float32) -> x),
            (fun (x: float32) (y: float32) ->
                if abs x < 1e-35f && x <> 0.0f then
                    -1.0f + 0.0f * y
                else
                    1.0f)
        )
        fails "a jump of the value" [ "the value jumps from 0.9999999999999999 over 1 to 1.5"; "jumps: true" ]
        <| Gate.Define("step", (fun (x: float32) -> if x > 1.0f then x + 0.5f else x))
        fails "a value of its own at one point" [ "the value jumps" ]
        <| Gate.Define("point", (fun (x: float32) -> if x = 2.0f then 5.0f else x))
        fails "a kink whose own derivative lies outside of both sides" [ "x is 3, should be 1"; "a kink: -1 on the left, 1 on the right" ]
        <| Gate.Define(
            "vee",
            (fun (x: float32) -> abs x),
            (fun (x: float32) (y: float32) ->
                if x > 0.0f then 1.0f
                else if x < 0.0f then -1.0f + 0.0f * y
                else 3.0f)
        )
        fails "a method of floats, 0.1 % off" [ "should be 2"; "by differences" ]
        <| Gate.Define("own", (fun (x: float32) -> Mine.square x), (fun (x: float32) (y: float32) -> 2.002f * x + 0.0f * y))
        fails "a method of floats, wrong far out" [ "by differences" ]
        <| Gate.Define(
            "own",
            (fun (x: float32) -> Mine.square x),
            (fun (x: float32) (y: float32) -> if x > 500.0f then 1.9f * x else 2.0f * x + 0.0f * y)
        )
        fails "a method of floats, wrong near 0" [ "by differences" ]
        <| Gate.Define(
            "own",
            (fun (x: float32) -> Mine.square x),
            (fun (x: float32) (y: float32) -> if abs x < 0.01f then 0.0f * y else 2.0f * x)
        )

        testCase "is told: a smooth formula made of kinks, that no law knows"
        <| fun () ->
            // sqrt x^2 would be known; a cube of |x| is not
            let kinks (s: Expr) =
                s.Maximum 0.0 - s * 0.3 + (1.0 + (-s.Abs() * 2.0).Exp()).Log() * 0.5

            Expect.throwsC (fun () -> Check.Gate kinks) (fun ex ->
                Expect.stringContains
                    ex.Message
                    "the function is smooth here, though made of parts that bend: both sides have 0.1999999"
                    "the text")
    ]

let private right =
    testList "right" [
        passes
            "relu6"
            (Gate.Define(
                "relu6",
                (fun (x: float32) -> MathF.Min(MathF.Max(x, 0.0f), 6.0f)),
                (fun (x: float32) (y: float32) -> if x > 0.0f && x < 6.0f then 1.0f else 0.0f * y)
            ))
        passes "a derivative that is good enough for f32"
        <| Gate.Define(
            "sp20",
            (fun (x: float32) -> if x > 20.0f then x else MathF.Log(1.0f + MathF.Exp x)),
            (fun (x: float32) (y: float32) ->
                if x > 20.0f then
                    1.0f + 0.0f * y
                else
                    1.0f / (1.0f + MathF.Exp -x))
        )
        passes
            "a method of floats"
            (Gate.Define("own", (fun (x: float32) -> Mine.square x), (fun (x: float32) (y: float32) -> 2.0f * x + 0.0f * y)))
        passes "a method of floats that bends"
        <| Gate.Define(
            "own",
            (fun (x: float32) -> Mine.bent x),
            (fun (x: float32) (y: float32) -> if x > 3.0f then 2.0f else 2.0f * x + 0.0f * y)
        )
        passes "a method of doubles that rounds to floats within"
        <| Gate.Define("own", (fun (x: float) -> Mine.wave x), (fun (x: float) (y: float) -> cos x + 0.0 * y))
        passes "a method of doubles"
        <| Gate.Define("own", (fun (x: float) -> Mine.smooth x), (fun (x: float) (y: float) -> 3.0 * x * x + 0.0 * y))
        passes "log cosh, written so that it does not overflow"
        <| Gate.Define("log_cosh", (fun (x: float32) -> abs x + MathF.Log(1.0f + MathF.Exp(-2.0f * abs x)) - 0.6931472f))
        passes "literals of seven digits for a constant"
        <| Gate.Define(
            "gelu",
            (fun (x: float32) -> 0.5f * x * (1.0f + SpecialFunctions.Erf(x * 0.70710677f))),
            (fun (x: float32) (y: float32) ->
                0.5f * (1.0f + SpecialFunctions.Erf(x * 0.70710677f))
                + x * 0.3989423f * MathF.Exp(-0.5f * x * x)
                + 0.0f * y)
        )

        testCase "a step may jump where that is meant"
        <| fun () -> Check.Gate(Gate.Define("step", (fun (x: float32) -> if x > 1.0f then 1.0f else 0.0f)), 2, jumps = true)

        testCase "a report says how much was compared"
        <| fun () ->
            let report = Check.GateReport(Gate.Relu, 1)
            Expect.isTrue report.Passed (string report)
            Expect.isGreaterThan report.Checked 100 "points"

        testCase "an op's own rule is looked at everywhere too"
        <| fun () ->
            for op in [ Tanh() :> Op; Sqrt(); Maximum(); Sign(); Log1p() ] do
                Check.Op op
    ]

let private points =
    testList "points" [
        testCase "are of every scale and sign"
        <| fun () ->
            let formula = Formula.Of("x", (fun x -> x[0].Tanh()), 1) |> nonNull
            let points = SamplePoints.Along(Thresholds formula, [| 0.0 |], 0, Random 1)

            for low, high in
                [
                    0.0, 0.0
                    1e-45, 1e-38
                    1e-30, 1e-8
                    1e-8, 1e-3
                    0.25, 2.0
                    5.0, 20.0
                    50.0, 500.0
                    1e4, 1e8
                    1e10, 1e30
                    1e38, 3.5e38
                ] do
                for sign in [ 1.0; -1.0 ] do
                    Expect.isTrue (points |> Array.exists (fun p -> sign * p >= low && sign * p <= high)) $"{sign} {low} to {high}"

        testCase "are on thresholds and both sides, between them and beyond"
        <| fun () ->
            let build (x: Expr[]) =
                Expr.Select(Expr.op_GreaterThan (x[0] * 3.0 + 1.0, 8.5), x[0] * 2.0, x[0].Minimum(-11.7))

            let formula = Formula.Of("x", build, 1) |> nonNull
            let points = SamplePoints.Along(Thresholds formula, [| 0.0 |], 0, Random 1)

            for t in [ 2.5; -11.7 ] do
                for p in
                    [
                        t
                        Math.BitIncrement t
                        Math.BitDecrement t
                        float (MathF.BitIncrement(float32 t))
                        float (MathF.BitDecrement(float32 t))
                    ] do
                    Expect.contains points p $"{p:R}"

                Expect.isTrue (points |> Array.exists (fun p -> p > t && p < t + 0.01)) "a bit above"
                Expect.isTrue (points |> Array.exists (fun p -> p < t && p > t - 0.01)) "a bit below"

            Expect.isTrue (points |> Array.exists (fun p -> abs (p - (2.5 - 11.7) / 2.0) < 1e-9)) "between"
    ]

[<Tests>]
let tests = testList "everywhere" [ wrong; right; points ]
