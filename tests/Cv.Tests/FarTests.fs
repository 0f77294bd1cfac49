/// Values and derivatives of gates, losses' scalar parts and scalar functions are finite wherever the exact ones lie in the dtype's range: at 0, next to it, at thresholds, and far out.
module Cv.Tests.FarTests

open System
open System.Reflection
open Cv.Compiler
open Cv.Dsl
open Cv.Tests.Generators
open Expecto

let private bothSides (values: float32 list) = [
    for v in values do
        v
        -v
]

let private besides (values: float32 list) = [
    for v in values do
        MathF.BitDecrement v
        v
        MathF.BitIncrement v
]

let private points =
    bothSides (
        [
            0f
            Single.Epsilon
            1e-40f
            1.1754944e-38f
            1e-20f
            1e-4f
            30f
            60f
            104f
            1e4f
            1e10f
            1e20f
            1e38f
            Single.MaxValue
        ]
        @ besides [ 0.5f; 1f; 2f; 3f; 6f; 10f; 17.5f; 20f; 88.72284f ]
    )
    |> List.map float
    |> Array.ofList

/// Every gate of the library that is a property or has defaults, and the numbers that each argument is tried with.
let private gallery = [
    for p in typeof<Gate>.GetProperties(BindingFlags.Public ||| BindingFlags.Static) do
        match p.GetValue null with
        | :? ScalarGate as gate -> gate
        | _ -> ()

    for m in typeof<Gate>.GetMethods(BindingFlags.Public ||| BindingFlags.Static) do
        if
            m.ReturnType = typeof<ScalarGate>
            && m.Name <> "Define"
            && m.GetParameters() |> Array.forall _.HasDefaultValue
            && m.GetParameters().Length > 0
        then
            match m.Invoke(null, [| for p in m.GetParameters() -> p.DefaultValue |]) with
            | :? ScalarGate as gate -> gate
            | _ -> ()
]

/// Scalar functions that a lambda may call.
let private functions = [
    Gate.Define("sigmoid", (fun (x: float) -> SpecialFunctions.Sigmoid x))
    Gate.Define("tanh", (fun (x: float) -> Math.Tanh x))
    Gate.Define("erf", (fun (x: float) -> SpecialFunctions.Erf x))
    Gate.Define("exp", (fun (x: float) -> Math.Exp x))
    Gate.Define("expm1", (fun (x: float) -> SpecialFunctions.Expm1 x))
    Gate.Define("log", (fun (x: float) -> Math.Log x))
    Gate.Define("log1p", (fun (x: float) -> SpecialFunctions.Log1p x))
    Gate.Define("sqrt", (fun (x: float) -> Math.Sqrt x))
    Gate.Define("cbrt", (fun (x: float) -> Math.Cbrt x))
    Gate.Define("sin", (fun (x: float) -> Math.Sin x))
    Gate.Define("atan", (fun (x: float) -> Math.Atan x))
    Gate.Define("asinh", (fun (x: float) -> Math.Asinh x))
    Gate.Define("log(1 + exp x)", (fun (x: float) -> Math.Log(1.0 + Math.Exp x)))
    Gate.Define("softsign", (fun (x: float) -> x / (1.0 + Math.Abs x)))
    Gate.Define("cube", (fun (x: float) -> Math.Pow(x, 3.0)))
    Gate.Define("square", (fun (x: float) -> x * x))
    Gate.Define("hypot", (fun (x: float) (z: float) -> Double.Hypot(x, z)))
    Gate.Define("atan2", (fun (x: float) (z: float) -> Math.Atan2(x, z)))
]

/// Pairs and triples, of fewer points.
let private argumentsOf (gate: ScalarGate) =
    let few =
        if gate.Name = "cosine" then
            [| 1e-30; 1e-20; 1.0; 1e10; 1e37 |]
        elif gate.Name = "hypot" || gate.Name = "atan2" then
            // the second derivative is of the size of 1 / length^2
            [| 0.0; 1e-10; -1e-10; 0.25; 1.0; -1.0; 2.5; 1e10; -1e10; 1e20; 1e38; -1e38 |]
        else
            [| 0.0; 1e-40; -1e-40; 0.25; 1.0; -1.0; 2.5; -30.0; 104.0; 1e10; -1e10; 1e20; -1e20; 1e38; -1e38 |]
        |> Array.map (float32 >> float)

    // probabilities, where a gate takes some
    let second =
        if gate.Name = "binary_cross_entropy" || gate.Name = "divergence" then
            [| 0.0; 1e-45; 1e-40; 0.25; 0.5; 1.0 |] |> Array.map (float32 >> float)
        else
            few

    match gate.Count with
    | 1 when gate.Name = "hard_sigmoid" -> [| points |> Array.filter (fun x -> abs (abs x - 3.0) > 1e-6 || abs x = 3.0) |] // x + 3 rounds to 6 below 3
    | 1 -> [| points |]
    | 2 -> Array.allPairs few second |> Array.unzip |> fun (a, b) -> [| a; b |]
    | _ ->
        let all = [|
            for a in few do
                for b in few do
                    for c in few -> a, b, c
        |]

        let a, b, c = Array.unzip3 all
        [| a; b; c |]

let private derivatives (gate: ScalarGate) dtype count =
    let x = [| for i in 0 .. gate.Count - 1 -> Expr.Input($"x{i}", shape [ count ], dtype) |]
    let y = gate.Of x

    let back (x: Expr) (y: Expr) =
        Gradient.Of(y.Sum(), [| x |], Unreached.Zero)[0]

    let forward (x: Expr) (y: Expr) =
        Jvp.Of(y, [| x |], [| (x.Like 1.0).BroadcastTo x.Shape |], Unreached.Zero)

    [
        "value", y
        for i in 0 .. gate.Count - 1 do
            let first = back x[i] y
            $"reverse by {i}", first
            $"forward by {i}", forward x[i] y
            $"twice in reverse by {i}", back x[i] first
            $"forward over reverse by {i}", forward x[i] first
            $"twice forward by {i}", forward x[i] (forward x[i] y)
    ]

let private largest = float Single.MaxValue

let private isFinite (gate: ScalarGate) =
    testCase $"{gate}" (fun () ->
        let arguments = argumentsOf gate
        let count = arguments[0].Length
        let values = [ for i in 0 .. gate.Count - 1 -> $"x{i}", arguments[i] ]
        // no intermediate result overflows in f64, for numbers that f32 has
        let names, wide = List.unzip (derivatives gate DType.F64 count)
        let exact = Run.interpreted wide values
        let narrow = derivatives gate DType.F32 count |> List.map snd
        let runs = [ "interpreted", Run.interpreted narrow values; "compiled", Run.compiled VectorWidth.Bits256 1 narrow values ]

        let wrong = [
            for how, results in runs do
                for name, actual, expected in List.zip3 names results exact do
                    for i in 0 .. count - 1 do
                        let a, e = actual[i], expected[i]

                        // derivatives are made of the value; and twice the largest number is what a second one meets on its way
                        let isTooFar =
                            abs exact.Head[i] >= largest
                            || arguments.Length = 1
                               && abs arguments[0].[i] > 1e38
                               && (name.Contains "twice" || name.Contains "over")

                        if not isTooFar && Double.IsFinite e && abs e < largest then
                            let ok = Double.IsFinite a && abs (a - e) <= 1e-3 * abs e + 1e-5

                            if not ok then
                                let at = String.concat ", " [ for x in arguments -> $"{x[i]:R}" ]
                                $"{how}, {name} at {at}: {a} and not {e}"
        ]

        if not wrong.IsEmpty then
            failtest (String.concat "\n" ($"{wrong.Length} numbers" :: List.truncate 12 wrong)))

/// In f64, far beyond f32: nothing is NaN, and what is bounded stays so.
let private isNumber (gate: ScalarGate) =
    testCase $"{gate}, in f64" (fun () ->
        let far = bothSides [ 1e4f; 1e20f ] |> List.map float
        let more = [ 1e100; 1e160; 1e200; 1e300; Double.MaxValue / 4.0; 5e-324; 1e-310 ]
        let at = far @ more @ List.map (~-) more |> Array.ofList
        let all = derivatives gate DType.F64 at.Length
        let results = Run.compiled VectorWidth.Bits256 1 (List.map snd all) [ "x0", at ]

        let wrong = [
            for (name, _), actual in List.zip all results do
                for i in 0 .. at.Length - 1 do
                    if Double.IsNaN actual[i] then
                        $"{name} at {at[i]:R}"
        ]

        if not wrong.IsEmpty then
            failtest (String.concat "\n" (List.truncate 12 wrong)))

let private defined =
    set [ "log"; "log1p"; "sqrt"; "sin"; "focal"; "cube"; "square" ]

/// Learning rates stay finite, whatever the step.
let private schedules =
    testList "schedules" [
        for name, (schedule: Schedule) in
            [
                "constant", Schedule.Constant 0.1
                "step", Schedule.Step(0.1, 0.5, 1000L)
                "exponential", Schedule.Exponential(0.1, 0.9)
                "inverse time", Schedule.InverseTime(0.1, 0.01)
                "linear", Schedule.Linear(0.1, 0.0, 1000L)
                "cosine", Schedule.Cosine(0.1, 1000L)
                "one cycle", Schedule.OneCycle(0.1, 1000L)
            ] do
            testCase name (fun () ->
                for step in [ 0L; 1L; 999L; 1000L; 1001L; 1_000_000L; 2_000_000_000L ] do
                    let rate = schedule.At step
                    Expect.isTrue (Double.IsFinite rate && rate >= 0.0 && rate <= 0.1001) $"{step}: {rate}")
    ]

[<Tests>]
let tests =
    testList "far out" [
        testList "finite in f32 where the exact number is" (List.map isFinite (gallery @ functions))
        testList "no NaN in f64" [
            for gate in gallery @ functions do
                if gate.Count = 1 && not (defined.Contains gate.Name) then
                    isNumber gate
        ]
        schedules
    ]
