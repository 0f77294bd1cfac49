/// The optimisers' rules: each against its formula in a plain loop, by reference and compiled; on Rosenbrock's valley and on an ill-conditioned quadratic; and what the notes say of them.
module Cv.Tests.OptimiserRuleTests

open System
open System.Collections.Immutable
open Cv.Compiler
open Cv.Dsl
open Cv.FSharp
open Cv.Runtime
open Cv.Tests.Generators
open Expecto

let private ids leaves = [ for leaf: Expr in leaves -> (leaf.Op :?> Named).Id ]

/// Compiles one step of an optimiser along gradients, which may depend on the parameters; gives the state and the step.
let private stepper (optimiser: Optimiser) (parameters: Expr list) (gradients: Expr list) (start: float[] list) =
    let prepared = optimiser.Prepare(ImmutableArray.CreateRange gradients)

    let moves = [
        for parameter, gradient in Seq.zip parameters prepared do
            let state = optimiser.Init parameter
            let struct (next, nextState) = optimiser.Update(parameter, gradient, state)
            parameter, next
            yield! Seq.zip state nextState
    ]

    let updates = moves |> List.distinct |> List.map Update

    let step =
        Compile.Function(Graph(ImmutableArray.Empty, ImmutableArray.CreateRange updates))

    let state = ModelState.Initialise(List.map fst moves |> List.distinct, 1UL)

    for parameter, numbers in List.zip parameters start do
        state[(parameter.Op :?> Named).Id].CopyFrom(Tensor.From(parameter.Shape, numbers))

    state, (fun (bindings: Binding list) -> step.Call(state, Array.ofList bindings) |> ignore)

// two units of three weights each, so that a unit's norm is not that of all
let private w =
    Expr.Parameter("layer.w", shape [ 3; 2 ], Initialiser.Zeros, DType.F64)

let private b =
    Expr.Parameter("layer.b", shape [ 1; 2 ], Initialiser.Zeros, DType.F64)

let private startW = [| 1.0; -2.0; 0.5; 0.25; -1.5; 3.0 |]
let private startB = [| 0.75; -1.25 |]

let private gradients = [
    for t in 0..5 -> [| for i in 0..5 -> 2.0 * sin (float (3 * t + i)) |], [| for i in 0..1 -> 5.0 * cos (float (t + 2 * i)) |]
]

let private run optimiser =
    let gw, gb =
        Expr.Input("gw", w.Shape, DType.F64), Expr.Input("gb", b.Shape, DType.F64)

    let state, step = stepper optimiser [ w; b ] [ gw; gb ] [ startW; startB ]

    [
        for forW, forB in gradients do
            step [ Binding("gw", Tensor.From(w.Shape, forW)); Binding("gb", Tensor.From(b.Shape, forB)) ]
            state["layer.w"].ToDoubles(), state["layer.b"].ToDoubles()
    ]

/// Follows one number by a rule: rate's step t, the number, two numbers of memory, the gradient.
type private Rule = int -> float * (float * float) -> float -> float * (float * float)

let private each (rule: Rule) t values gs = Array.map2 (rule t) values gs

/// The same by loops: what is done to both gradients, the rule of a number, and what is done to both parameters with their values before.
let private follow before rule after =
    let start values =
        values |> Array.map (fun value -> value, (0.0, 0.0))

    let change now fresh =
        Array.map2 (fun (_, memory) value -> value, memory) now fresh

    (((start startW, start startB), 0), gradients)
    ||> List.scan (fun ((ws, bs), t) (gw, gb) ->
        let gw, gb = before (gw, gb)
        let newW, newB = each rule t ws gw, each rule t bs gb

        let (values: float[]), (biases: float[]) =
            after t (Array.map fst ws) (Array.map fst newW, Array.map fst newB)

        (change newW values, change newB biases), t + 1)
    |> List.tail
    |> List.map (fun ((ws, bs), _) -> Array.map fst ws, Array.map fst bs)

let private sgd rate : Rule = fun _ (w, m) g -> w - rate * g, m

let private momentum' rate : Rule =
    fun _ (w, (v, _)) g ->
        let v = 0.9 * v - rate * g
        w + v, (v, 0.0)

let private adam' rate : Rule =
    fun t (w, (m, v)) g ->
        let m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        let mean, square = m / (1.0 - pown 0.9 (t + 1)), v / (1.0 - pown 0.999 (t + 1))
        w - rate * mean / (sqrt square + 1e-8), (m, v)

let private same pair = pair
let private untouched _ _ pair = pair

/// Scales each unit's weights, every second number, to a norm of at most the limit.
let private projected limit (values: float[]) =
    values
    |> Array.mapi (fun i value ->
        let norm = sqrt (Seq.sum [ for j in i % 2 .. 2 .. 5 -> values[j] * values[j] ])
        if norm > limit then value * limit / norm else value)

let private clipped limit (gw: float[], gb: float[]) =
    let norm = sqrt (Array.sumBy (fun g -> g * g) (Array.append gw gb))
    let scale = if norm > limit then limit / norm else 1.0
    Array.map ((*) scale) gw, Array.map ((*) scale) gb

let private inBox limit values =
    values |> Array.map (max -limit >> min limit)

let private formulas =
    let agrees name optimiser expected =
        testCase name
        <| fun () ->
            for (w, b), (expectedW, expectedB) in List.zip (run optimiser) expected do
                for actual, expected in Array.zip (Array.append w b) (Array.append expectedW expectedB) do
                    Expect.floatClose Accuracy.veryHigh actual expected "a number after a step"

    let fading rate decay _ (ws: float[]) (newW, newB) =
        Array.map2 (fun w next -> next - rate * decay * w) ws newW, newB

    testList "formulas" [
        agrees
            "adagrad"
            (Optimiser.AdaGrad 0.3)
            (follow
                same
                (fun _ (w, (c, _)) g ->
                    let c = c + g * g
                    w - 0.3 * g / (sqrt c + 1e-8), (c, 0.0))
                untouched)

        agrees
            "rmsprop"
            (Optimiser.RmsProp(0.1, 0.9, 1e-3))
            (follow
                same
                (fun _ (w, (c, _)) g ->
                    let c = 0.9 * c + 0.1 * g * g
                    w - 0.1 * g / (sqrt c + 1e-3), (c, 0.0))
                untouched)

        agrees "adamw" (Optimiser.AdamW(0.05, 0.2)) (follow same (adam' 0.05) (fading 0.05 0.2))
        agrees "momentum with weight decay" (Optimiser.Momentum(0.1).WeightDecay 0.3) (follow same (momentum' 0.1) (fading 0.1 0.3))

        agrees
            "weight decay at a falling rate"
            (Optimiser.GradientDescent(Schedule.Linear(0.4, 0.0, 8L)).WeightDecay 0.3)
            (follow same (fun t (w, m) g -> w - 0.4 * (1.0 - float t / 8.0) * g, m) (fun t -> fading (0.4 * (1.0 - float t / 8.0)) 0.3 t))

        agrees
            "clipped by value"
            (Optimiser.Momentum(0.1).ClipValue 0.8)
            (follow (fun (gw, gb) -> inBox 0.8 gw, inBox 0.8 gb) (momentum' 0.1) untouched)

        agrees "clipped by norm" (Optimiser.Adam(0.1).ClipNorm 5.0) (follow (clipped 5.0) (adam' 0.1) untouched)

        agrees
            "clipped by norm, then by value, in either order of writing"
            (Optimiser.GradientDescent(0.1).ClipValue(0.5).ClipNorm 3.0)
            (follow (clipped 3.0 >> fun (gw, gb) -> inBox 0.5 gw, inBox 0.5 gb) (sgd 0.1) untouched)

        agrees
            "clipped by value and by norm, the other way round"
            (Optimiser.GradientDescent(0.1).ClipNorm(3.0).ClipValue 0.5)
            (follow (clipped 3.0 >> fun (gw, gb) -> inBox 0.5 gw, inBox 0.5 gb) (sgd 0.1) untouched)

        agrees
            "max-norm"
            (Optimiser.Momentum(0.1).MaxNorm 1.9)
            (follow same (momentum' 0.1) (fun _ _ (newW, newB) -> projected 1.9 newW, newB))
    ]

let private averages =
    /// The averages that a step keeps, and the parameters' values.
    let averaged (optimiser: Optimiser) =
        let gw = Expr.Input("gw", w.Shape, DType.F64)
        let state, step = stepper optimiser [ w ] [ gw ] [ startW ]

        [
            for forW, _ in gradients do
                step [ Binding("gw", Tensor.From(w.Shape, forW)) ]
                state["layer.w"].ToDoubles(), state["layer.w/average"].ToDoubles()
        ]

    let matches expected steps =
        let values = List.map fst steps

        for t, (_, average: float[]) in List.indexed steps do
            for i in 0..5 do
                Expect.floatClose
                    Accuracy.veryHigh
                    average[i]
                    (expected [ for value in List.take (t + 1) values -> (value: float[])[i] ])
                    $"step {t}"

    let exponential decay values =
        ((0.0, 0), values)
        ||> List.fold (fun (average, t) value ->
            let kept = min decay (float t / float (t + 1))
            kept * average + (1.0 - kept) * value, t + 1)
        |> fst

    testList "averages" [
        testCase "of a decay of 1 are means"
        <| fun () -> averaged (Optimiser.Momentum(0.1).Average()) |> matches List.average

        testCase "of a lower decay begin as means, and move exponentially then"
        <| fun () -> averaged (Optimiser.Momentum(0.1).Average 0.6) |> matches (exponential 0.6)

        testCase "may begin later"
        <| fun () ->
            averaged (Optimiser.Momentum(0.1).Average(1.0, 2L))
            |> matches (fun values -> values |> List.skip (min 2 (values.Length - 1)) |> List.average)

        testCase "share the count of steps with a schedule"
        <| fun () ->
            let optimiser = Optimiser.Momentum(Schedule.Linear(0.1, 0.0, 5L)).Average()
            Expect.equal (ids (optimiser.Init w)) [ "layer.w/average"; "layer.w/velocity"; "layer.w/step" ] "states"
            averaged optimiser |> matches List.average

        testCase "are kept through what is wrapped around"
        <| fun () ->
            let optimiser = Optimiser.Adam(0.1).Average(0.9).ClipNorm(1.0).MaxNorm 3.0
            Expect.equal (optimiser.AverageOf w |> string) "state \"layer.w/average\" : f64[3,2]" "the state"
            Expect.isNull (Optimiser.Adam(0.1).MaxNorm(3.0).AverageOf w) "none"

        testCase "judge and predict, where a program is asked to"
        <| fun () ->
            let net = Model.Input(3).Dense(4).Tanh().Dense(2)
            let loss scores labels = scores |> softmaxCrossEntropy labels

            let program =
                Training.Compile(net, loss, Optimiser.Momentum(0.5).Average(0.9), metrics = [ Metric.Accuracy ])

            use state = program.Initialise 3UL
            let x = Tensor.From(array2D [ [ 1f; 2f; 3f ]; [ 0f; -1f; 2f ]; [ 0.5f; 1f; -1f ] ])
            let inputs = [| Binding("x", x); Binding("labels", Tensor.From [| 0; 1; 1 |]) |]

            for _ in 1..5 do
                program.Step.Call(state, inputs) |> ignore

            use expected = program.Averages state
            let numbers (outputs: Tensor seq) = [ for output in outputs -> output.ToDoubles() ]
            let averaging = program.WithAverages()
            let judged = averaging.Evaluate.Call(state, inputs) |> numbers
            Expect.equal judged (program.Evaluate.Call(expected, inputs) |> numbers) "loss and accuracy"
            Expect.notEqual judged (program.Evaluate.Call(state, inputs) |> numbers) "not those of the parameters"

            Expect.equal
                (averaging.Predict.Call(state, Binding("x", x)) |> numbers)
                (program.Predict.Call(expected, Binding("x", x)) |> numbers)
                "scores"

            Expect.equal (expected["dense1.w"].ToDoubles()) (state["dense1.w/average"].ToDoubles()) "a copy"
    ]

let private point =
    Expr.Parameter("point", shape [ 2 ], Initialiser.Zeros, DType.F64)

let private at i = point.Slice(0, i, 1).Sum()

/// (1 - x)^2 + 100 (y - x^2)^2: a bent valley, whose floor falls slowly to (1, 1).
let private rosenbrock =
    (1.0 - at 0).Pow 2.0 + 100.0 * (at 1 - (at 0).Pow 2.0).Pow 2.0

/// (x^2 + 1000 y^2) / 2: a straight valley, a thousand times steeper across than along.
let private quadratic = 0.5 * ((at 0).Pow 2.0 + 1000.0 * (at 1).Pow 2.0)

let private descend (loss: Expr) start steps optimiser =
    let state, step =
        stepper optimiser [ point ] [ Gradient.Of(loss, point)[0] ] [ start ]

    for _ in 1..steps do
        step []

    let reached = state["point"].ToDoubles()
    Evaluate.item [ "point", reached ] loss, reached

let private falling rate =
    LearningRate(Schedule.Linear(rate, 0.0, 5000L))

let private landscapes =
    // what a simulation of the formulas reached in as many steps, with room for rounding
    let cases: (string * (bool -> Optimiser) * float * float) list = [
        "gradient descent", (fun bent -> Optimiser.GradientDescent(if bent then 1e-3 else 1.9e-3)), 4e-3, 1e-8
        "momentum", (fun bent -> Optimiser.Momentum(if bent then 5e-4 else 1.5e-3)), 1e-9, 1e-20
        "nesterov", (fun bent -> Optimiser.Nesterov(if bent then 5e-4 else 1e-3)), 1e-9, 1e-20
        "adagrad", (fun _ -> Optimiser.AdaGrad 0.5), 2e-4, 1e-20
        "rmsprop", (fun _ -> Optimiser.RmsProp(falling 0.01)), 1e-5, 1e-20
        "adam", (fun _ -> Optimiser.Adam(falling 0.02)), 1e-6, 1e-20
        "adamw", (fun _ -> Optimiser.AdamW(falling 0.02)), 1e-5, 1e-20
        "adam, averaged and clipped", (fun _ -> Optimiser.Adam(falling 0.02).ClipNorm(50.0).Average(0.9)), 1e-6, 1e-20
    ]

    testList "landscapes" [
        for name, optimiser, inValley, onQuadratic in cases do
            testCase $"Rosenbrock's valley: {name}"
            <| fun () ->
                let loss, reached = descend rosenbrock [| -1.2; 1.0 |] 5000 (optimiser true)
                Expect.isLessThan loss inValley $"{reached[0]}, {reached[1]}; from 24.2"

            testCase $"an ill-conditioned quadratic: {name}"
            <| fun () ->
                let loss, reached = descend quadratic [| 1.0; 1.0 |] 5000 (optimiser false)
                Expect.isLessThan loss onQuadratic $"{reached[0]}, {reached[1]}; from 500.5"

        testCase "gradient descent crosses a quadratic valley as theory says: by (k - 1) / (k + 1) a step"
        <| fun () ->
            let _, reached =
                descend quadratic [| 1.0; 1.0 |] 100 (Optimiser.GradientDescent(LearningRate(2.0 / 1001.0)))

            let factor = pown (999.0 / 1001.0) 100

            for number in reached do
                Expect.floatClose Accuracy.high (abs number) factor "both coordinates shrink alike"

        testCase "gradient descent leaves a quadratic whose rate is above 2 / k"
        <| fun () ->
            let loss, _ =
                descend quadratic [| 1.0; 1.0 |] 100 (Optimiser.GradientDescent 2.01e-3)

            Expect.isGreaterThan loss 500.5 "higher than at first"
    ]

let private facts =
    /// The sizes of the first steps of one number whose gradient is always 3.
    let sizes (optimiser: Optimiser) steps =
        let gradient = point.Like(3.0).BroadcastTo point.Shape
        let state, step = stepper optimiser [ point ] [ gradient ] [ [| 0.0; 0.0 |] ]

        [
            for _ in 1..steps do
                let before = state["point"].ToDoubles()[0]
                step []
                before - state["point"].ToDoubles()[0]
        ]

    testList "facts" [
        testCase "AdaGrad's step shrinks for ever: as one over the root of the steps taken"
        <| fun () ->
            for t, size in sizes (Optimiser.AdaGrad 0.1) 2000 |> List.indexed do
                Expect.floatClose Accuracy.medium size (0.1 / sqrt (float (t + 1))) $"step {t}"

        testCase "RMSProp's step does not: it comes to the rate"
        <| fun () ->
            let sizes = sizes (Optimiser.RmsProp 0.1) 2000
            Expect.floatClose Accuracy.medium (List.last sizes) 0.1 "the last step"
            Expect.isTrue (sizes |> List.skip 100 |> List.forall (fun size -> size > 0.099)) "after the first"

        testCase "Adam's first step is the rate; without bias correction it is sqrt 10 times that"
        <| fun () ->
            Expect.floatClose Accuracy.medium (sizes (Optimiser.Adam 0.1) 1).Head 0.1 "with"

            Expect.floatClose
                Accuracy.medium
                (sizes (Optimiser.Adam(LearningRate 0.1, biasCorrection = false)) 1).Head
                (0.1 * sqrt 10.0)
                "without"

        testCase "a norm within the limit is left as it is, to the bit"
        <| fun () -> Expect.equal (sizes (Optimiser.GradientDescent(0.1).ClipNorm 4.3) 3) (sizes (Optimiser.GradientDescent 0.1) 3) "steps"

        testCase "gradients of 0 stay 0 when they are clipped"
        <| fun () ->
            let zero = Expr.Const(0.0, DType.F64).BroadcastTo point.Shape
            let clipped = Optimiser.Adam(0.1).ClipNorm(1.0).Prepare(ImmutableArray.Create zero)
            Expect.sequenceEqual (Evaluate.value [] clipped[0]) [ 0.0; 0.0 ] "no 0 / 0"

        testCase "a clipped norm is the limit, whatever the dtypes"
        <| fun () ->
            let a = Expr.Const(3.0, DType.F32).BroadcastTo(shape [ 4 ])
            let b = Expr.Const(-8.0, DType.F64).BroadcastTo(shape [ 1; 1 ])
            let clipped = Optimiser.Adam(0.1).ClipNorm(0.5).Prepare(ImmutableArray.Create(a, b))
            Expect.equal [ for g in clipped -> g.Type ] [ a.Type; b.Type ] "types"

            let squares =
                clipped |> Seq.collect (Evaluate.value []) |> Seq.sumBy (fun g -> g * g)

            Expect.floatClose Accuracy.medium (sqrt squares) 0.5 "the norm"

        testCase "biases neither fade nor are held in a ball"
        <| fun () ->
            let plain = run (Optimiser.Momentum 0.1) |> List.map snd
            Expect.equal (run (Optimiser.Momentum(0.1).WeightDecay(0.5).MaxNorm 0.1) |> List.map snd) plain "the biases' steps"

        testCase "a training step clips the gradients of all layers together"
        <| fun () ->
            let net = Model.Input(3).Dense(4).Relu().Dense(2)
            let loss scores labels = scores |> softmaxCrossEntropy labels

            let program =
                Training.Compile(net, loss, Optimiser.GradientDescent(1.0).ClipNorm 1e-3)

            use state = program.Initialise 3UL
            use before = state.Clone()
            let x = Tensor.From(array2D [ [ 1f; 2f; 3f ]; [ 0f; -1f; 2f ] ])

            program.Step.Call(state, Binding("x", x), Binding("labels", Tensor.From [| 0; 1 |]))
            |> ignore

            let squares =
                Seq.sum [
                    for name in state.Names do
                        for a, b in Seq.zip (state[name].ToDoubles()) (before[name].ToDoubles()) -> (a - b) * (a - b)
                ]

            Expect.floatClose Accuracy.low (sqrt squares) 1e-3 "the step's length"

        testCase "elastic net is a penalty: L2 and L1, each with a weight"
        <| fun () ->
            let v = Expr.Input("v", shape [ 3 ], DType.F64)

            Expect.floatClose
                Accuracy.veryHigh
                (Evaluate.item [ "v", [| 1.0; -2.0; 0.5 |] ] (v.Elastic 0.25))
                (0.25 * 5.25 + 3.5)
                "beta L2 + L1"

        testCase "the F# names pipe"
        <| fun () ->
            Expect.equal (adamW 0.01 1e-3) (Optimiser.AdamW(1e-3, 0.01)) "adamw"

            Expect.equal
                (momentum 0.1
                 |> weightDecay 0.01
                 |> maxNorm 3.0
                 |> clipNorm 1.0
                 |> clipValue 5.0
                 |> averaged 0.99)
                (Optimiser.Momentum(0.1).WeightDecay(0.01).MaxNorm(3.0).ClipNorm(1.0).ClipValue(5.0).Average 0.99)
                "a chain"
    ]

let private mistakes =
    let refuses name act text =
        testCase name (fun () -> Expect.equal (Mistakes.told act) text "the message")

    let momentum = Optimiser.Momentum 0.1

    testList "mistakes" [
        refuses "a limit of 0" (fun () -> momentum.ClipNorm 0.0) "clip_norm: the limit must be a finite number above 0; got 0. 1 is usual."

        refuses
            "a ball of no size"
            (fun () -> momentum.MaxNorm nan)
            "max_norm: the limit must be a finite number above 0; got NaN. 3 is usual."

        refuses
            "an average that never forgets its start"
            (fun () -> momentum.Average 1.5)
            "average: the decay must be above 0 and at most 1; got 1.5. 0.999 is usual, 1 gives the mean."

        refuses
            "two averages"
            (fun () -> momentum.Average(0.9).Average(0.99).Init w)
            "average: an optimiser must keep one average; \"layer.w\" would have two. Leave one out."

        refuses
            "averages that nobody keeps"
            (fun () ->
                let loss scores labels = scores |> softmaxCrossEntropy labels
                Training.Compile(Model.Input(3).Dense(2), loss, momentum).WithAverages())
            "averages: the optimiser must keep them; this one has none. Ask for them: Optimiser.Momentum(0.1).Average(0.999)?"

        refuses
            "a cache that keeps everything"
            (fun () -> Optimiser.RmsProp(0.1, 1.0))
            "rmsprop: decay must be at least 0 and less than 1; got 1. 0.9 is usual."
    ]

[<Tests>]
let tests =
    testList "optimiser rules" [ formulas; averages; landscapes; facts; mistakes ]
