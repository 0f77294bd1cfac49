/// What is printed is the same whatever culture the thread has: Main.fs gives all tests one that prints numbers in its own way.
module Cv.Tests.CultureTests

open System
open System.Globalization
open System.Reflection
open System.Runtime.CompilerServices
open Cv.Compiler
open Cv.Dsl
open Cv.Practice
open Cv.Reporting
open Cv.Runtime
open Cv.Tests.Generators
open Expecto

let private assemblies = [
    typeof<Expr>.Assembly
    typeof<Tensor>.Assembly
    typeof<Graph>.Assembly
    typeof<Cv.Testing.Check>.Assembly
    typeof<Search>.Assembly
    typeof<Report>.Assembly
]

let private isNumber (t: Type) =
    let t =
        match Nullable.GetUnderlyingType t with
        | null -> t
        | under -> under

    t.IsPrimitive && t <> typeof<bool> && t <> typeof<char>

let private odd = CultureInfo.CurrentCulture

let private inCulture (culture: CultureInfo) act =
    let before = CultureInfo.CurrentCulture

    try
        CultureInfo.CurrentCulture <- culture
        act ()
    finally
        CultureInfo.CurrentCulture <- before

/// Values that print numbers, made anew in each culture.
let private values: (string * (unit -> obj)) list = [
    "a constant schedule", (fun () -> Schedule.Constant 0.5)
    "a cosine", (fun () -> Schedule.Cosine(0.5, 100L))
    "steps with a warm-up", (fun () -> Schedule.Step(0.5, 0.1, 30L).WarmUp(5L))
    "a plateau", (fun () -> Schedule.ReduceOnPlateau(0.5, 0.25, 3))
    "an optimiser", (fun () -> Optimiser.Adam(0.5).WeightDecay(0.25).ClipNorm(1.5))
    "momentum", (fun () -> Optimiser.Momentum(0.5, 0.75))
    "an initialiser", (fun () -> Initialiser.Constant -1.5)
    "an op", (fun () -> Pad(0, -1, 2, 0))
    "a node", (fun () -> Expr.Const(-0.5).ToString())
    "a graph", (fun () -> Graph(Expr.Input("x", shape [ 2 ]) * -0.5f))
    "options of training", (fun () -> TrainingOptions(Plateau = Schedule.ReduceOnPlateau(0.5, 0.25, 3)))
    "options of compiling", (fun () -> CompileOptions(Threads = 2))
    "an evaluation", (fun () -> Evaluation(0.5, MetricValues [ MetricValue("score", -0.25) ], 9))
    "an event",
    (fun () -> EpochEnded(1, 0.5, MetricValues.None, Evaluation(0.5, MetricValues.None, 9), 1.5, TimeSpan.FromSeconds 1.5, TimeSpan.Zero))
    "a setting", (fun () -> Setting.LogUniform("rate", 1e-4, 0.5))
    "settings", (fun () -> SearchSpace(Setting.Uniform("rate", -0.5, 0.5)).Draw(1UL, 0L))
    "a trial",
    (fun () ->
        let settings = SearchSpace(Setting.Uniform("rate", -0.5, 0.5)).Draw(1UL, 0L)
        TrialResult(1, settings, 1.0, -0.5, TrialOutcome.Completed, Collections.Immutable.ImmutableArray<float>.Empty, TimeSpan.Zero))
    "a minimiser", (fun () -> RandomSearch(0.5, true))
    "a gate", (fun () -> Gate.Define("g", fun (x: float32) -> x * -0.5f))
    "a shape that does not fit",
    (fun () ->
        try
            Expr.Input("x", shape [ 2; 3 ]).Reshape(-1, -1) :> obj
        with :? ShapeException as ex ->
            ex.Text)
    "a label out of range",
    (fun () ->
        try
            let f = Compile.Function(Expr.Input("x", shape [ 1 ], DType.I32))
            f.Call(Binding("x", Tensor.From [| -1.5f |])) :> obj
        with :? BindingException as ex ->
            ex.Text)
]

[<Tests>]
let tests =
    testList "Culture" [
        testCase "the tests run in a culture of their own"
        <| fun () ->
            Expect.equal (odd.NumberFormat.NumberDecimalSeparator, odd.NumberFormat.NegativeSign) (",", "\u2212") "decimals, signs"
            Expect.equal ((-1.5).ToString()) "\u22121,5" "as it prints"

        for name, make in values do
            testCase $"{name} prints the same in any"
            <| fun () ->
                let print () = string (make ())
                let expected = inCulture CultureInfo.InvariantCulture print
                Expect.equal (inCulture odd print) expected "the text"
                Expect.isTrue (expected |> Seq.exists Char.IsAsciiDigit) $"it has numbers: {expected}"

        testCase "every record of the library that shows numbers says how it prints them"
        <| fun () ->
            let bad = [
                for assembly in assemblies do
                    for t in assembly.GetTypes() do
                        let print = t.GetMethod("ToString", Type.EmptyTypes)

                        if
                            t.IsVisible
                            && not (isNull (t.GetMethod("PrintMembers", BindingFlags.Instance ||| BindingFlags.NonPublic)))
                            && t.GetProperties() |> Array.exists (fun p -> isNumber p.PropertyType)
                            && (nonNull print).IsDefined typeof<CompilerGeneratedAttribute>
                        then
                            t.FullName
            ]

            Expect.equal bad [] "ToString() => RecordText.Of(nameof(...), PrintMembers)"
    ]
