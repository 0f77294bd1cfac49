/// Full-batch minimisers: the line search by its two conditions, the directions by their formulas in plain loops, and what is reached on known landscapes.
module Cv.Tests.MinimiserTests

open System
open System.Threading
open Cv.Dsl
open Cv.FSharp
open Cv.Practice
open Cv.Runtime
open Cv.Tests.Generators
open Expecto
open FsCheck
open FsCheck.FSharp

// one line through a landscape

/// Searches a function of one number, and says whether the result satisfies both conditions.
let private satisfies (search: StrongWolfe) (f: float -> float) (slope: float -> float) first =
    let found = search.Search((fun a -> struct (f a, slope a)), f 0.0, slope 0.0, first)

    found,
    found.Found
    && f found.Step <= f 0.0 + search.Decrease * found.Step * slope 0.0
    && abs (slope found.Step) <= search.Curvature * abs (slope 0.0)

/// The test functions of Moré and Thuente, "Line Search Algorithms with Guaranteed Sufficient Decrease" (1994), (5.1) to (5.3).
let private moreThuente = [
    "5.1", (fun a -> -a / (a * a + 2.0)), (fun a -> (a * a - 2.0) / pown (a * a + 2.0) 2), 0.1
    "5.2", (fun a -> pown (a + 0.004) 5 - 2.0 * pown (a + 0.004) 4), (fun a -> 5.0 * pown (a + 0.004) 4 - 8.0 * pown (a + 0.004) 3), 0.5 // a tighter slope lies below the rounding of the values
    "5.3",
    (fun a ->
        let phi =
            if a <= 0.99 then 1.0 - a
            elif a >= 1.01 then a - 1.0
            else 50.0 * pown (a - 1.0) 2 + 0.005

        phi + 2.0 * 0.99 / (39.0 * Math.PI) * sin (39.0 * Math.PI / 2.0 * a)),
    (fun a ->
        let slope =
            if a <= 0.99 then -1.0
            elif a >= 1.01 then 1.0
            else 100.0 * (a - 1.0)

        slope + 0.99 * cos (39.0 * Math.PI / 2.0 * a)),
    0.1
]

let private lineSearch =
    /// a t^4 + b (t - c)^2, and waves on it: falls at 0, and is bounded below.
    let hilly =
        gen {
            let! a, b, c = Gen.three (Gen.choose (1, 1000))
            let! waves = Gen.choose (0, 20)
            let! exponent = Gen.choose (-6, 6)
            let a, b, c, w = float a / 1e4, float b / 100.0, float c / 50.0, float waves
            let height = if waves = 0 then 0.0 else b * c / (4.0 * w)

            let f t =
                a * t * t * t * t + b * (t - c) * (t - c) + height * sin (w * t)

            let slope t =
                4.0 * a * t * t * t + 2.0 * b * (t - c) + height * w * cos (w * t)

            return f, slope, Math.Pow(10.0, float exponent)
        }
        |> Arb.fromGen

    testList "line search" [
        for name, c2 in [ "loose, as for L-BFGS", 0.9; "tight, as for conjugate gradients", 0.1 ] do
            testProperty
                $"finds a step that satisfies both conditions, from any first: {name}"
                (Prop.forAll hilly (fun (f, slope, first) -> satisfies (StrongWolfe(1e-4, c2, 100)) f slope first |> snd))

        for name, f, slope, c2 in moreThuente do
            for exponent in [ -3; -1; 1; 3 ] do
                testCase $"Moré and Thuente's function {name}, first step 10^{exponent}"
                <| fun () ->
                    let found, holds =
                        satisfies (StrongWolfe(1e-4, c2)) f slope (Math.Pow(10.0, float exponent))

                    Expect.isTrue holds $"{found}"

        testCase "one look is enough where the first step is good"
        <| fun () ->
            let found, holds =
                satisfies (StrongWolfe()) (fun a -> (a - 1.0) ** 2.0) (fun a -> 2.0 * (a - 1.0)) 1.0

            Expect.isTrue holds "both conditions"
            Expect.equal found.Evaluations 1 "looks"

        testCase "a loss that is not finite is too far"
        <| fun () ->
            let f a =
                if a > 0.125 then nan else (a - 0.0625) ** 2.0

            let found, holds =
                satisfies (StrongWolfe()) f (fun a -> if a > 0.125 then nan else 2.0 * (a - 0.0625)) 100.0

            Expect.isTrue holds $"{found}"

        testCase "a line that falls for ever has no such step, and gives the lowest point"
        <| fun () ->
            let found, _ =
                satisfies (StrongWolfe(1e-4, 0.9, 10)) (fun a -> -a) (fun _ -> -1.0) 1.0

            Expect.isFalse found.Found "none"
            Expect.equal found.Evaluations 10 "as many looks as allowed"
            Expect.equal found.Value -found.Step "the lowest"
            Expect.equal found.Step found.Last "the last of a falling line"

        testCase "a line that rises is not looked at"
        <| fun () ->
            let found, _ = satisfies (StrongWolfe()) (fun a -> a) (fun _ -> 1.0) 1.0
            Expect.equal (found.Found, found.Step, found.Evaluations) (false, 0.0, 0) "nothing"
    ]

// landscapes

let private point n =
    Expr.Parameter("point", shape [ n ], Initialiser.Zeros, DType.F64)

let private number (p: Expr) i = p.Slice(0, i, 1).Sum()

let private rosenbrock =
    let p = point 2
    (1.0 - number p 0).Pow 2.0 + 100.0 * (number p 1 - (number p 0).Pow 2.0).Pow 2.0

/// The same in n numbers, chained.
let private longValley n =
    let p = point n
    let a, b = p.Slice(0, 0, n - 1), p.Slice(0, 1, n - 1)
    ((1.0 - a).Pow 2.0 + 100.0 * (b - a.Pow 2.0).Pow 2.0).Sum()

/// A quadratic of n numbers whose curvatures go from 1 to k.
let private quadratic n k =
    let curvatures = Expr.Input("k", shape [ n ], DType.F64)
    let numbers = [| for i in 0 .. n - 1 -> Math.Pow(k, float i / float (n - 1)) |]
    0.5 * (curvatures * (point n).Pow 2.0).Sum(), numbers

let private stateOf (numbers: float[]) =
    new ModelState(dict [ "point", Tensor.From(shape [ numbers.Length ], numbers) ])

let private lower (minimiser: Minimiser) (loss: Expr) (inputs: Binding list) start iterations tolerance =
    let state = stateOf start

    let options =
        MinimiserOptions(Iterations = iterations, GradientTolerance = tolerance)

    minimiser.Minimise(loss, state, Array.ofList inputs, options), state["point"].ToDoubles()

/// The minimisers that follow gradients, by name.
let private descents: (string * Minimiser) list = [
    "conjugate gradients", ConjugateGradient()
    "L-BFGS", Lbfgs()
    "L-BFGS of one step", Lbfgs 1
]

let private landscapes =
    testList "landscapes" [
        for name, minimiser in descents do
            testCase $"Rosenbrock's valley: {name}"
            <| fun () ->
                let minimum, reached = lower minimiser rosenbrock [] [| -1.2; 1.0 |] 200 1e-9
                Expect.equal minimum.Reason MinimumReason.GradientVanished $"{minimum}"

                for number in reached do
                    Expect.floatClose Accuracy.high number 1.0 "the bottom"

            testCase $"a valley of 50 numbers: {name}"
            <| fun () ->
                let start = [| for i in 0..49 -> if i % 2 = 0 then -1.2 else 1.0 |]
                let minimum, reached = lower minimiser (longValley 50) [] start 2000 1e-7
                Expect.equal minimum.Reason MinimumReason.GradientVanished $"{minimum}"
                Expect.isLessThan minimum.Loss 1e-10 $"{reached[0]}, {reached[1]}, ..."

            testCase $"a quadratic of condition 10^4: {name}"
            <| fun () ->
                let loss, curvatures = quadratic 20 1e4
                let inputs = [ Binding("k", Tensor.From(shape [ 20 ], curvatures)) ]

                let minimum, reached = lower minimiser loss inputs (Array.create 20 1.0) 3000 1e-8

                Expect.equal minimum.Reason MinimumReason.GradientVanished $"{minimum}"
                Expect.isLessThan (reached |> Array.map abs |> Array.max) 1e-7 "the bottom"

        testCase "gradient descent needs far more steps on that quadratic than these need looks"
        <| fun () ->
            // its error shrinks by (k - 1) / (k + 1) at best
            let steps = log (1e8 * 1e4) / -(log (9999.0 / 10001.0))
            let loss, curvatures = quadratic 20 1e4
            let inputs = [ Binding("k", Tensor.From(shape [ 20 ], curvatures)) ]

            for name, minimiser in List.truncate 2 descents do
                let minimum, _ = lower minimiser loss inputs (Array.create 20 1.0) 1000 1e-8
                Expect.isLessThan (50.0 * float minimum.Evaluations) steps $"{name}: {minimum}"

        testCase "a quadratic of few curvatures ends in as many directions: conjugate gradients, with a line search that is near exact"
        <| fun () ->
            let k = Expr.Input("k", shape [ 12 ], DType.F64)
            let loss = 0.5 * (k * (point 12).Pow 2.0).Sum()
            let inputs = [ Binding("k", Tensor.From(shape [ 12 ], [| for i in 0..11 -> [| 1.0; 10.0; 100.0 |][i % 3] |])) ]
            let exact = ConjugateGradient(Search = StrongWolfe(1e-4, 1e-9, 100))

            let minimum, _ =
                lower exact loss inputs [| for i in 0..11 -> 1.0 + float i |] 50 1e-6

            Expect.equal minimum.Reason MinimumReason.GradientVanished $"{minimum}"
            Expect.isLessThanOrEqual minimum.Path.Length 4 "three curvatures, three directions, and one for rounding"
    ]

// the formulas, by hand

let private dot a b =
    Array.fold2 (fun sum x y -> sum + x * y) 0.0 a b

let private axpy a x y = Array.map2 (fun x y -> a * x + y) x y

/// Rosenbrock's value and gradient.
let private valley (p: float[]) =
    let x, y = p[0], p[1]
    let bend = y - x * x
    (1.0 - x) ** 2.0 + 100.0 * bend ** 2.0, [| -2.0 * (1.0 - x) - 400.0 * x * bend; 200.0 * bend |]

/// Follows a method in plain loops: its direction from the gradients and steps so far, newest first, and its first step to try.
let private follow (search: StrongWolfe) direction firstStep iterations start =
    let rec go (point, history, before) left = [
        if left > 0 then
            let value, gradient = valley point
            let d: float[] = direction gradient history
            let slope = dot gradient d
            let largest = gradient |> Array.map abs |> Array.max
            let at a = axpy a d point

            let look a =
                let value, gradient = valley (at a)
                struct (value, dot gradient d)

            let found = search.Search(look, value, slope, firstStep slope before largest)
            at found.Step
            yield! go (at found.Step, (gradient, d, found.Step) :: history, Some(found.Step, slope)) (left - 1)
    ]

    go (start, [], None) iterations

let private polakRibiere (gradient: float[]) history =
    match history with
    | [] -> Array.map (~-) gradient
    | (before: float[], d: float[], _) :: _ ->
        let beta = dot gradient (axpy -1.0 before gradient) / dot before before |> max 0.0
        let next = axpy beta d (Array.map (~-) gradient)

        if dot next gradient < 0.0 then
            next
        else
            Array.map (~-) gradient

/// The inverse Hessian's estimate as a whole matrix, updated as BFGS does, from the memory's pairs: (6.17) of Nocedal and Wright.
let private bfgs memory (gradient: float[]) history =
    let pairs =
        (gradient, history)
        ||> List.mapFold (fun after (before, d, step) -> (Array.map ((*) step) d, axpy -1.0 before after), before)
        |> fst
        |> List.truncate memory
        |> List.rev

    match pairs with
    | [] -> Array.map (~-) gradient
    | _ ->
        let s, y = List.last pairs
        let start = [| for i in 0..1 -> [| for j in 0..1 -> if i = j then dot s y / dot y y else 0.0 |] |]

        let updated (h: float[][]) (s: float[], y: float[]) =
            let rho = 1.0 / dot s y

            let v i j =
                (if i = j then 1.0 else 0.0) - rho * y[i] * s[j]

            [|
                for i in 0..1 ->
                    [|
                        for j in 0..1 ->
                            Seq.sum [
                                for a in 0..1 do
                                    for b in 0..1 -> v a i * h[a][b] * v b j
                            ]
                            + rho * s[i] * s[j]
                    |]
            |]

        let h = List.fold updated start pairs
        [| for i in 0..1 -> -(dot h[i] gradient) |]

let private formulas =
    let agrees name (minimiser: LineMinimiser) direction firstStep =
        testCase name
        <| fun () ->
            let start = [| -1.2; 1.0 |]

            for iteration, expected in follow minimiser.Search direction firstStep 8 start |> List.indexed do
                let _, reached = lower minimiser rosenbrock [] start (iteration + 1) 0.0

                for number, expected in Array.zip reached expected do
                    Expect.floatClose Accuracy.high number expected $"after {iteration + 1} iterations"

    testList "formulas" [
        agrees "conjugate gradients: Polak and Ribiere's, never below 0" (ConjugateGradient()) polakRibiere (fun slope before largest ->
            match before with
            | Some(step, slopeBefore) -> step * slopeBefore / slope
            | None -> 1.0 / largest)

        for memory in [ 1; 2; 10 ] do
            agrees $"L-BFGS: the matrix that {memory} pairs make" (Lbfgs memory) (bfgs memory) (fun _ before largest ->
                if before.IsSome then 1.0 else min 1.0 (1.0 / largest))
    ]

// random search

let private randomSearch =
    let reached (search: RandomSearch) trials =
        lower search rosenbrock [] [| -1.2; 1.0 |] trials 0.0

    testList "random search" [
        for name, search in [ "trials", RandomSearch.Trials 1.0; "a walk", RandomSearch.Walk 0.1 ] do
            testCase $"{name}: the loss never rises, and is that of the parameters kept"
            <| fun () ->
                let minimum, point = reached search 300
                let losses = minimum.First :: [ for step in minimum.Path -> step.Loss ]
                Expect.isTrue (losses |> List.pairwise |> List.forall (fun (a, b) -> b <= a)) "each below the one before, or equal"
                Expect.floatClose Accuracy.veryHigh minimum.Loss (fst (valley point)) "the loss"
                Expect.isLessThan minimum.Loss minimum.First "something was found"

            testCase $"{name}: the same seed gives the same, another one another"
            <| fun () ->
                Expect.equal (snd (reached search 50)) (snd (reached search 50)) "the same"
                Expect.notEqual (snd (reached search 50)) (snd (reached (RandomSearch(search.Deviation, search.Local, 2UL)) 50)) "another"

        testCase "a walk gets nearer than trials"
        <| fun () ->
            let walked, _ = reached (RandomSearch.Walk 0.1) 1000
            let drawn, _ = reached (RandomSearch.Trials 1.0) 1000
            Expect.isLessThan walked.Loss drawn.Loss "by far on a narrow valley"
            Expect.isLessThan walked.Loss 0.05 "near the bottom"

        testCase "what is drawn is normal: mean 0, the deviation asked for"
        <| fun () ->
            // the loss falls with each trial, so that each is kept
            let p = Expr.Parameter("point", shape [ 20000 ], Initialiser.Zeros, DType.F64)
            let loss = 0.0 * p.Sum() - 1.0 * p.Slice(0, 0, 1).Sum().Abs()
            let state = stateOf (Array.zeroCreate 20000)

            RandomSearch.Trials(2.0).Minimise(loss, state, [||], MinimiserOptions(Iterations = 1))
            |> ignore

            let drawn = state["point"].ToDoubles()
            let mean = Array.average drawn
            let deviation = drawn |> Array.averageBy (fun x -> (x - mean) ** 2.0) |> sqrt
            Expect.isLessThan (abs mean) 0.06 "the mean, within four of its deviations"
            Expect.isLessThan (abs (deviation - 2.0)) 0.04 "the deviation"
            let within = drawn |> Array.averageBy (fun x -> if abs x < 2.0 then 1.0 else 0.0)
            Expect.isLessThan (abs (within - 0.6827)) 0.014 "two thirds within one deviation"
    ]

// models

let private scores (net: Model) = net.Output
let private labels = Expr.Input("labels", shapeOf [ Dim "N" ], DType.I32)

/// Three clouds of points that a line does not part wholly.
let private clouds =
    let random = Random 7

    let points =
        Array2D.init 60 2 (fun i j -> float32 (random.NextDouble() + float ((i % 3 + j) % 3) * 0.6))

    Tensor.From points, Tensor.From [| for i in 0..59 -> i % 3 |]

let private models =
    let net = Model.Input(2).Dense(8).Tanh().Dense(3)
    let points, classes = clouds
    let inputs = [| Binding("x", points); Binding("labels", classes) |]

    let loss =
        (scores net).SoftmaxCrossEntropy labels
        + Seq.reduce (+) [ for w in net.Weights -> 1e-3 * w.L2() ]

    let run (minimiser: Minimiser) threads =
        let state = ModelState.Initialise(net.Parameters, 1UL)

        let options =
            MinimiserOptions(Iterations = 60, Compile = Cv.Compiler.CompileOptions(Threads = threads))

        minimiser.Minimise(loss, state, inputs, options), [ for name in state.Names -> state[name].ToDoubles() ]

    testList "models" [
        for name, minimiser in List.truncate 2 descents do
            testCase $"a net in f32 learns from all examples at once: {name}"
            <| fun () ->
                let minimum, _ = run minimiser 1
                Expect.isLessThan minimum.Loss (0.8 * minimum.First) $"{minimum}"

            testCase $"the same bits on any number of threads: {name}"
            <| fun () -> Expect.equal (snd (run minimiser 3)) (snd (run minimiser 1)) "parameters"

        testCase "the loss told is that of the parameters left"
        <| fun () ->
            let state = ModelState.Initialise(net.Parameters, 1UL)

            let minimum =
                Lbfgs().Minimise(loss, state, inputs, MinimiserOptions(Iterations = 7))

            let evaluate = Cv.Compiler.Compile.Function loss
            let alone = evaluate.Call(state, inputs)[0]
            Expect.isLessThan (abs (alone.Item() - minimum.Loss)) 1e-6 "compiled alone, with another rounding"
            Expect.equal minimum.Path.Length 7 "iterations"
            Expect.equal minimum.Reason MinimumReason.Iterations "why it ended"
            Expect.equal minimum.Evaluations (1 + Seq.sum [ for step in minimum.Path -> step.Evaluations ]) "looks"

        testCase "the F# names pipe"
        <| fun () ->
            let run act =
                let state = ModelState.Initialise(net.Parameters, 1UL)
                act state, [ for name in state.Names -> state[name].ToDoubles() ]

            for named, minimiser in
                [
                    lbfgs, (Lbfgs() :> Minimiser)
                    conjugateGradient, ConjugateGradient()
                    randomTrials 0.1, RandomSearch.Trials 0.1
                    randomWalk 0.1, RandomSearch.Walk 0.1
                ] do
                let piped: Minimum * _ =
                    run (fun state -> loss |> minimise named 3 state [ "x", points; "labels", classes ])

                let direct: Minimum * _ =
                    run (fun state -> minimiser.Minimise(loss, state, inputs, MinimiserOptions(Iterations = 3)))

                Expect.equal (snd piped) (snd direct) $"{minimiser}"

        testCase "progress comes in order, and stops when asked"
        <| fun () ->
            use state = ModelState.Initialise(net.Parameters, 1UL)
            use stop = new CancellationTokenSource()
            let seen = ResizeArray()

            let watch = {
                new IProgress<Iteration> with
                    member _.Report step =
                        seen.Add step.Number

                        if step.Number = 3 then
                            stop.Cancel()
            }

            let minimum =
                ConjugateGradient().Minimise(loss, state, inputs, MinimiserOptions(), watch, stop.Token)

            Expect.equal (List.ofSeq seen) [ 1; 2; 3 ] "iterations"
            Expect.equal minimum.Reason MinimumReason.Cancelled "why it ended"

        testCase "a loss as low as its dtype can tell ends it"
        <| fun () ->
            let p = Expr.Parameter("point", shape [ 2 ])
            let loss = 1e6 + (p - 0.1).Pow(2.0).Sum() // f32 tells no difference below 0.06 here
            use state = ModelState.Initialise([ p ], 1UL)

            let minimum =
                Lbfgs().Minimise(loss, state, [||], MinimiserOptions(GradientTolerance = 0.0))

            Expect.equal minimum.Reason MinimumReason.NoLowerPoint $"{minimum}"
            Expect.equal (state["point"].ToDoubles()) [| 0.0; 0.0 |] "left where it was"
    ]

let private mistakes =
    let refuses name act text =
        testCase name (fun () -> Expect.stringStarts (Mistakes.told act) text "the message")

    let lbfgs = Lbfgs()
    let start = stateOf [| 1.0; 1.0 |]

    testList "mistakes" [
        refuses
            "a loss of many numbers"
            (fun () -> lbfgs.Minimise(point 2, start, [||]))
            "minimise: the loss must be a scalar of floats; got f64[2]. Take its mean: .Mean()?"

        refuses
            "nothing to move"
            (fun () -> lbfgs.Minimise((Expr.Input("x", shape [ 2 ])).Sum(), start, [||]))
            "minimise: the loss must read a parameter; got none. Add a layer: .Dense(10)?"

        refuses
            "no iterations"
            (fun () -> lbfgs.Minimise(rosenbrock, start, [||], MinimiserOptions(Iterations = 0)))
            "minimise: the iterations must be at least 1; got 0. 100 is a start."

        refuses
            "a tolerance below 0"
            (fun () -> lbfgs.Minimise(rosenbrock, start, [||], MinimiserOptions(LossTolerance = -1.0)))
            "minimise: tolerances must be at least 0; got 1E-06 for the gradient and -1 for the loss. 0 goes on as long as it can."

        refuses
            "a start that is not finite"
            (fun () -> lbfgs.Minimise(((point 2) - 1.0).Log().Sum(), start, [||]))
            "minimise: the loss must be finite where it begins; got -Infinity. The first node not finite is log"

        refuses
            "no memory"
            (fun () -> (Lbfgs 0).Minimise(rosenbrock, start, [||]))
            "lbfgs: the memory must be at least 1 step; got 0. 10 is usual."

        refuses
            "trials that do not move"
            (fun () -> (RandomSearch.Walk 0.0).Minimise(rosenbrock, start, [||]))
            "random_search: the deviation must be a finite number above 0; got 0. 1e-4 is a start."
    ]

[<Tests>]
let tests =
    testList "minimisers" [ lineSearch; landscapes; formulas; randomSearch; models; mistakes ]
