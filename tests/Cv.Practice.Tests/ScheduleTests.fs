/// The learning rate's schedules: against their formulas, composed, and in a training step, where the graph computes them.
module Cv.Tests.ScheduleTests

open System
open System.Collections.Immutable
open Cv.Compiler
open Cv.Dsl
open Cv.FSharp
open Cv.Runtime
open Cv.Tests.Generators
open Expecto
open FsCheck
open FsCheck.FSharp

let private w = Expr.Parameter("w", shape [ 1 ], Initialiser.Zeros, DType.F64)

/// The rates of the first steps as a compiled step takes them: a parameter goes down by the rate where its gradient is 1.
let private taken (dtype: DType) (schedule: Schedule) steps =
    let w = Expr.Parameter("w", shape [ 1 ], Initialiser.Zeros, dtype)
    let optimiser = Optimiser.GradientDescent(LearningRate schedule)
    let state = optimiser.Init w

    let struct (next, nextState) =
        optimiser.Update(w, w.Like(1.0).BroadcastTo w.Shape, state)

    let updates = [ for leaf, value in Seq.zip (Seq.append [ w ] state) (Seq.append [ next ] nextState) -> Update(leaf, value) ]

    let step =
        Compile.Function(Graph(ImmutableArray.Empty, ImmutableArray.CreateRange updates))

    use values = ModelState.Initialise(Seq.append [ w ] state, 1UL)

    [
        for _ in 1..steps do
            values["w"].Clear()
            step.Call values |> ignore
            -values["w"].Item()
    ]

/// Each schedule with its formula, written as the books do.
let private formulas: (string * Schedule * (int -> float)) list = [
    "constant", Schedule.Constant 0.3, (fun _ -> 0.3)
    "linear", Schedule.Linear(0.4, 0.1, 10L), (fun t -> if t < 10 then 0.4 - 0.3 * float t / 10.0 else 0.1)
    "step", Schedule.Step(0.8, 0.5, 4L), (fun t -> 0.8 * pown 0.5 (t / 4))
    "step by a tenth", Schedule.Step(1.0, 0.1, 7L), (fun t -> pown 0.1 (t / 7))
    "exponential", Schedule.Exponential(0.5, 0.2), (fun t -> 0.5 * exp (-0.2 * float t))
    "inverse time", Schedule.InverseTime(0.5, 0.25), (fun t -> 0.5 / (1.0 + 0.25 * float t))
    "cosine", Schedule.Cosine(0.6, 12L, 0.2), (fun t -> 0.2 + 0.4 * (1.0 + cos (Math.PI * float (min t 12) / 12.0)) / 2.0)
    "one cycle",
    Schedule.OneCycle(1.0, 20L, 0.25, 0.1),
    (fun t ->
        if t < 5 then
            0.1 + 0.9 * float t / 5.0
        else
            0.5 * (1.0 + cos (Math.PI * float (min t 20 - 5) / 15.0)))
    "warm-up",
    Schedule.Exponential(0.5, 0.2).WarmUp(4L),
    (fun t ->
        if t < 4 then
            0.5 * float (t + 1) / 5.0
        else
            0.5 * exp (-0.2 * float (t - 4)))
    "one after the other",
    Schedule.Constant(0.3).Then(Schedule.Linear(0.2, 0.0, 5L), 6L),
    (fun t -> if t < 6 then 0.3 else max 0.0 (0.2 - 0.04 * float (t - 6)))
    "repeated", Schedule.Linear(0.4, 0.0, 5L).Repeat(5L), (fun t -> 0.4 - 0.08 * float (t % 5))
    "a product", Schedule.InverseTime(0.5, 0.25) * Schedule.Step(1.0, 0.5, 8L), (fun t -> 0.5 / (1.0 + 0.25 * float t) * pown 0.5 (t / 8))
]

let private byFormula =
    testList "by formula" [
        for name, schedule, formula in formulas do
            testCase name
            <| fun () ->
                for t in 0..29 do
                    Expect.floatClose Accuracy.veryHigh (schedule.At(int64 t)) (formula t) $"the rate after {t} steps"

                for dtype, accuracy in [ DType.F64, Accuracy.veryHigh; DType.F32, Accuracy.medium ] do
                    for t, rate in taken dtype schedule 30 |> List.indexed do
                        Expect.floatClose accuracy rate (formula t) $"step {t} of a compiled training, {dtype}"
    ]

/// A schedule made of others, at random.
let private composed =
    let simple =
        gen {
            let! steps = Gen.choose (1, 12)
            let! a, b = Gen.two (Gen.choose (0, 8))
            let a, b = float a / 8.0, float b / 8.0

            return!
                Gen.elements [
                    Schedule.Constant a
                    Schedule.Linear(a, b, int64 steps)
                    Schedule.Step(a, 0.5, int64 steps)
                    Schedule.Exponential(a, b)
                    Schedule.InverseTime(a, b)
                    Schedule.Cosine(a, int64 steps, b)
                    Schedule.OneCycle(a, int64 steps + 1L)
                ]
        }

    let rec grown depth =
        if depth = 0 then
            simple
        else
            gen {
                let! a = grown (depth - 1)
                let! b = grown (depth - 1)
                let! steps = Gen.choose (1, 12)
                let steps = int64 steps
                return! Gen.elements [ a; a.WarmUp steps; a.Then(b, steps); a.Repeat steps; a * b ]
            }

    grown 2 |> Arb.fromGen

let private laws =
    let holds name law =
        testProperty name (Prop.forAll composed law)

    let close a b = abs (a - b) < 1e-12

    testList "laws" [
        holds "the first schedule, then the next from its beginning" (fun (a: Schedule) ->
            let b = Schedule.Linear(0.7, 0.1, 9L)
            let joined = a.Then(b, 6L)

            [ 0L .. 5L ] |> List.forall (fun t -> close (joined.At t) (a.At t))
            && [ 6L .. 20L ] |> List.forall (fun t -> close (joined.At t) (b.At(t - 6L))))

        holds "a warm-up meets the schedule it leads to" (fun (a: Schedule) ->
            let warm = a.WarmUp 5L

            [ 0L .. 4L ]
            |> List.forall (fun t -> close (warm.At t) (float (t + 1L) / 6.0 * a.At 0L))
            && [ 5L .. 20L ] |> List.forall (fun t -> close (warm.At t) (a.At(t - 5L))))

        holds "repetition is periodic" (fun (a: Schedule) ->
            let again = a.Repeat 7L
            [ 0L .. 20L ] |> List.forall (fun t -> close (again.At t) (a.At(t % 7L))))

        holds "products multiply, and commute" (fun (a: Schedule) ->
            let b = Schedule.InverseTime(0.9, 0.3)

            [ 0L .. 20L ]
            |> List.forall (fun t -> close ((a * b).At t) (a.At t * b.At t) && (a * b).At t = (b * a).At t))

        holds "rates are finite and never negative" (fun (a: Schedule) ->
            [ 0L; 1L; 5L; 100L; 1_000_000L ]
            |> List.forall (fun t -> Double.IsFinite(a.At t) && a.At t >= 0.0))
    ]

let private facts =
    testList "facts" [
        testCase "a step takes the rate that a plot shows, after thousands of steps too"
        <| fun () ->
            let schedule = Schedule.Step(0.5, 0.5, 1000L)
            let rates = taken DType.F32 schedule 3002
            Expect.equal [ rates[999]; rates[1000]; rates[2999]; rates[3000] ] [ 0.5; 0.25; 0.125; 0.0625 ] "at the steps' edges"

        testCase "optimisers add the count of steps where the rate changes, and nowhere else"
        <| fun () ->
            let leaves (optimiser: Optimiser) = [ for leaf in optimiser.Init w -> (leaf.Op :?> State).Id ]

            Expect.equal (leaves (momentum 0.1)) [ "w/velocity" ] "a number"
            Expect.equal (leaves (cosine 0.1 10L |> momentumAt)) [ "w/velocity"; "w/step" ] "a schedule"
            Expect.equal (leaves (Optimiser.Momentum(Schedule.Constant 0.1))) [ "w/velocity" ] "a constant schedule"

        testCase "each parameter has a count, which one step moves by 1"
        <| fun () ->
            let net = Model.Input(3).Dense(4).Relu().Dense(2)
            let loss scores labels = scores |> softmaxCrossEntropy labels

            let program =
                Training.Compile(net, loss, Optimiser.Adam(Schedule.Linear(0.1, 0.0, 4L)))

            use state = program.Initialise 1UL
            let x = Tensor.From(array2D [ [ 1f; 2f; 3f ]; [ 0f; -1f; 2f ] ])

            for step in 1..3 do
                program.Step.Call(state, Binding("x", x), Binding("labels", Tensor.From [| 0; 1 |]))
                |> ignore

                for parameter in net.Parameters do
                    Expect.equal (state[$"{(parameter.Op :?> Named).Id}/step"].Item()) (float step) "the count"

        testCase "nothing moves after a line has come to 0"
        <| fun () -> Expect.equal (taken DType.F32 (linearRate 0.1 0.0 3L) 6 |> List.skip 3) [ 0.0; 0.0; 0.0 ] "rates"

        testCase "every optimiser follows a schedule as it would a rate given by hand"
        <| fun () ->
            let schedule = Schedule.Linear(0.5, 0.1, 4L)
            let rate = Expr.Input("rate", Shape.Scalar, DType.F64)
            let gradient = Expr.Input("g", shape [ 1 ], DType.F64)

            let run (optimiser: Optimiser) =
                let state = optimiser.Init w
                let struct (next, nextState) = optimiser.Update(w, gradient, state)
                let step = Evaluate.program (next :: List.ofSeq nextState)
                let names = "w" :: [ for leaf in state -> (leaf.Op :?> Named).Id ]
                let first = [| 1.0 |] :: [ for leaf in state -> [| (leaf.Op :?> State).Fill |] ]

                (first, [ 0..5 ])
                ||> List.scan (fun values t ->
                    step (
                        ("g", [| sin (float t) |])
                        :: ("rate", [| schedule.At(int64 t) |])
                        :: List.zip names values
                    ))
                |> List.map List.head

            for name, make in
                [
                    "gradient descent", (fun (r: LearningRate) -> Optimiser.GradientDescent r)
                    "momentum", (fun r -> Optimiser.Momentum r)
                    "nesterov", (fun r -> Optimiser.Nesterov r)
                    "adagrad", (fun r -> Optimiser.AdaGrad r)
                    "rmsprop", (fun r -> Optimiser.RmsProp r)
                    "adam", (fun r -> Optimiser.Adam r)
                ] do
                for scheduled, given in List.zip (run (make (LearningRate schedule))) (run (make (LearningRate rate))) do
                    Expect.floatClose Accuracy.veryHigh scheduled[0] given[0] name

        testCase "schedules and their optimisers are values"
        <| fun () ->
            Expect.equal (Schedule.Cosine(0.1, 10L).WarmUp 5L) (cosine 0.1 10L |> warmUp 5L) "equal"
            Expect.notEqual (Schedule.Cosine(0.1, 10L)) (Schedule.Linear(0.1, 0.0, 10L)) "not equal"
            Expect.equal (Optimiser.Momentum(Schedule.Step(0.1, 0.5, 10L))) (0.1 |> stepDecay 0.5 10L |> momentumAt) "optimisers"

        testCase "the F# names pipe"
        <| fun () ->
            Expect.equal
                (cosine 0.1 900L |> after 100L (Schedule.Constant 0.2))
                (Schedule.Constant(0.2).Then(Schedule.Cosine(0.1, 900L), 100L))
                "after"

            Expect.equal (0.1 |> exponentialDecay 0.5 |> repeatEvery 5L) (Schedule.Exponential(0.1, 0.5).Repeat 5L) "repeat"
            Expect.equal (0.1 |> inverseTime 0.5) (Schedule.InverseTime(0.1, 0.5)) "inverse time"
            Expect.equal (oneCycle 0.1 100L) (Schedule.OneCycle(0.1, 100L)) "one cycle"
            Expect.equal (0.1 |> reduceOnPlateau 0.5 3) (Schedule.ReduceOnPlateau(0.1, 0.5, 3)) "plateau"
    ]

let private mistakes =
    let refuses name act text =
        testCase name (fun () -> Expect.equal (Mistakes.told act) text "the message")

    testList "mistakes" [
        refuses
            "a rate below 0"
            (fun () -> Schedule.Cosine(-0.1, 10L))
            "cosine: the rate must be a finite number, at least 0; got -0.1. 0.01 is a start."

        refuses
            "no steps"
            (fun () -> Schedule.Linear(0.1, 0.0, 0L))
            "linear: the steps must be at least 1; got 0. An epoch has as many as it has batches."

        refuses
            "steps that grow"
            (fun () -> Schedule.Step(0.1, 2.0, 10L))
            "step: the factor must be above 0 and at most 1; got 2. 0.5 and 0.1 are usual."

        refuses
            "a cycle that only rises"
            (fun () -> Schedule.OneCycle(0.1, 100L, 1.0))
            "one_cycle: the part that rises must be above 0 and less than 1; got 1. 0.2 is usual."

        refuses
            "a step before the first"
            (fun () -> Schedule.Constant(0.1).At(-1L))
            "schedule: the steps taken must be at least 0; got -1. The first step comes after 0."

        refuses
            "the value of an input"
            (fun () -> Schedule.Given(Expr.Input("rate", Shape.Scalar)).At 0L)
            "schedule: only what depends on steps alone has a value here; got input \"rate\" : f32[]. Run the graph instead."
    ]

[<Tests>]
let tests = testList "schedules" [ byFormula; laws; facts; mistakes ]
