/// What changes images at random in training: against loops over pixels, from the same random numbers.
module Cv.Tests.AugmentationTests

open System
open Cv.Compiler
open Cv.Dsl
open Cv.FSharp
open Cv.Runtime
open Cv.Tests.Generators
open Expecto

let private shape (dims: int list) = Generators.shape dims
let private same (a: Expr) (b: Expr) = obj.ReferenceEquals(a, b)

/// Element i of the stream of a name, at a count of steps, as f32.
let private drawn (stream: string) (step: int) i =
    let hash = RandomStream.Hash stream
    let key = uint32 (hash >>> 32) ^^^ uint32 hash
    let struct (even, odd) = Philox.DrawTwo(uint32 i >>> 1, uint32 step, key)
    float ((if i % 2 = 0 then even else odd) >>> 8) / 16777216.0

/// Images whose pixels all differ.
let private images (dims: int list) =
    numbers 1 [ Reference.size dims ] |> List.head |> Array.map (float32 >> float)

let private node dims = Expr.Input("x", shape dims)

/// The outputs of the first so many training steps of a graph with the one input x.
let private steps width threads count (outputs: Expr list) (x: float[]) =
    let f =
        Compile.Function(Cv.Compiler.Graph(Array.ofList outputs).ForTraining(), CompileOptions(Width = width, Threads = threads))

    use kept = ModelState.Initialise(f.Leaves, 0UL)
    let input = f.Inputs[0]

    [
        for _ in 1..count do
            [
                for output in f.Call(kept, Binding(input.Id, Tensor.From(input.Type.Shape, x).Cast input.Type.DType)) -> output.ToDoubles()
            ]
    ]

/// A verb, and what it makes of images of these dims in a step: the pixel at n, y, x, c.
type private Case = {
    Name: string
    Dims: int list
    Verb: Expr -> Expr
    Model: Model -> Model
    Pixel: (int list -> float) -> int -> int list -> float
}

let private at4 index =
    match index with
    | [ n; y; x; c ] -> n, y, x, c
    | _ -> failwith "four dims"

let private flips axis (stream: string) (dims: int list) (pixel: int list -> float) step index =
    let n, y, x, c = at4 index

    if drawn stream step n < 0.5 then
        pixel (
            if axis = 2 then
                [ n; y; dims[2] - 1 - x; c ]
            else
                [ n; dims[1] - 1 - y; x; c ]
        )
    else
        pixel index

let private shifts pixels (dims: int list) (pixel: int list -> float) step index =
    let n, y, x, c = at4 index

    let from axis i stream =
        i + int (floor (drawn stream step n * float (2 * pixels + 1))) - pixels, dims[axis]

    let fromY, height = from 1 y "shift1/rows"
    let fromX, width = from 2 x "shift1/columns"

    if fromY < 0 || fromY >= height || fromX < 0 || fromX >= width then
        0.0
    else
        pixel [ n; fromY; fromX; c ]

let private cuts size (dims: int list) (pixel: int list -> float) step index =
    let n, y, x, _ = at4 index

    let inside i extent stream =
        let first = int (floor (drawn stream step n * float extent)) - size / 2
        i >= first && i < first + size

    if inside y dims[1] "cutout1/rows" && inside x dims[2] "cutout1/columns" then
        0.0
    else
        pixel index

let private greyOf (pixel: int list -> float) n y x =
    0.299 * pixel [ n; y; x; 0 ]
    + 0.587 * pixel [ n; y; x; 1 ]
    + 0.114 * pixel [ n; y; x; 2 ]

let private jitters brightness contrast saturation (dims: int list) (pixel: int list -> float) step =
    let spread n part =
        2.0 * drawn ("jitter1/" + part) step n - 1.0

    let brighter index =
        pixel index + brightness * spread (List.head index) "brightness"

    let mean =
        Array.init dims[0] (fun n ->
            List.averageBy (fun (y, x) -> greyOf brighter n y x) (List.allPairs [ 0 .. dims[1] - 1 ] [ 0 .. dims[2] - 1 ]))

    let contrasted index =
        let n = List.head index

        mean[n] + (brighter index - mean[n]) * (1.0 + contrast * spread n "contrast")

    fun index ->
        let n, y, x, _ = at4 index
        let grey = greyOf contrasted n y x
        grey + (contrasted index - grey) * (1.0 + saturation * spread n "saturation")

let private cases = [
    let flip axis dims = {
        Name = $"flip along axis {axis}"
        Dims = dims
        Verb = fun x -> x.RandomFlip axis
        Model = fun model -> model.RandomFlip axis
        Pixel = flips axis "flip1" dims
    }

    flip 2 [ 33; 5; 7; 3 ]
    flip 1 [ 33; 5; 7; 3 ]

    for pixels, dims in [ 1, [ 9; 4; 3; 1 ]; 2, [ 40; 6; 5; 3 ]; 4, [ 20; 9; 8; 2 ] ] do
        {
            Name = $"shift by {pixels}"
            Dims = dims
            Verb = fun x -> x.RandomShift pixels
            Model = fun model -> model.RandomShift pixels
            Pixel = shifts pixels dims
        }

    for size in [ 1; 2; 3; 4; 20 ] do
        {
            Name = $"cut out {size}"
            Dims = [ 30; 6; 9; 3 ]
            Verb = fun x -> x.Cutout size
            Model = fun model -> model.Cutout size
            Pixel = cuts size [ 30; 6; 9; 3 ]
        }

    {
        Name = "jitter colours"
        Dims = [ 7; 5; 4; 3 ]
        Verb = fun x -> x.ColourJitter(0.1, 0.4, 0.6)
        Model = fun model -> model.ColourJitter(0.1, 0.4, 0.6)
        Pixel = jitters 0.1 0.4 0.6 [ 7; 5; 4; 3 ]
    }
]

let private againstLoops =
    testList "pixels" [
        for case in cases do
            testCase $"{case.Name}, three steps"
            <| fun () ->
                let x = images case.Dims

                let actual =
                    steps VectorWidth.Auto 2 3 [ case.Verb(node case.Dims) ] x |> List.map List.head

                for step in 0..2 do
                    let pixel = Reference.element case.Dims x
                    let expected = Reference.tensor case.Dims (case.Pixel pixel step)
                    Expect.isTrue (Run.near 1e-6 [ actual[step] ] [ expected ]) $"step {step}"

                Expect.isGreaterThan
                    (List.distinctBy List.ofArray actual).Length
                    (if case.Name = "cut out 20" then 0 else 2)
                    "each step another"

            testCase $"{case.Name}: nothing in inference, and as a model"
            <| fun () ->
                let x = node case.Dims
                Expect.isTrue (same (Graph(case.Verb x).ForInference()).Outputs[0] x) "the same node"
                let model = Model.Input(case.Dims.Tail |> Array.ofList)
                Expect.isTrue (Evaluate.alike (case.Model model).Output (case.Verb model.Output)) "the model's verb"

            testCase $"{case.Name}: the same bits on any number of threads, and at every width unless it sums"
            <| fun () ->
                let x = images case.Dims
                let outputs = [ case.Verb(node case.Dims) ]

                let run width threads =
                    steps width threads 2 outputs x |> List.concat

                let narrow = run VectorWidth.Bits128 1

                for width in Run.widths do
                    let expected = if case.Name = "jitter colours" then run width 1 else narrow
                    Expect.isTrue (Run.identical (run width 3) expected) $"{width}"

        testCase "one after the other: streams and counts of their own"
        <| fun () ->
            let dims = [ 64; 6; 6; 3 ]

            let both =
                (node dims).RandomFlip().RandomFlip().RandomShift(1).Cutout(2).ColourJitter(0.1, 0.1, 0.1)

            let keys = [
                for e in Evaluate.close [ both ] do
                    match e.Op with
                    | :? Uniform as u -> u.Key
                    | _ -> ()
            ]

            Expect.equal (List.distinct keys).Length 9 "flip, flip, rows, columns, rows, columns and three of colours"
            let graph = Cv.Compiler.Graph(both).ForTraining()

            Expect.equal
                (set [ for update in graph.Updates -> (update.Target.Op :?> Named).Id ])
                (set [ "flip1.step"; "flip2.step"; "shift1.step"; "cutout1.step"; "jitter1.step" ])
                "a state each"

            let x = images dims
            let twice = (node dims).RandomFlip().RandomFlip()
            let actual = (steps VectorWidth.Auto 1 1 [ twice ] x).Head.Head
            let pixel = Reference.element dims x

            let expected =
                Reference.tensor dims (flips 2 "flip2" dims (flips 2 "flip1" dims pixel 0) 0)

            Expect.sequenceEqual actual expected "both flips"

        testCase "the gradient goes back to where each pixel came from"
        <| fun () ->
            let dims = [ 8; 5; 5; 2 ]
            let x = node dims
            let y = x.RandomFlip(name = "flip").RandomShift(2, name = "shift")
            let forward = Graph(y).ForTraining().Outputs[0]
            let weights = Expr.Input("w", shape dims)
            let dx = Gradient.Of((forward * weights).Sum(), x)[0]
            // the adjoint of a linear map: <A x, w> = <x, A' w>
            let numbers = images dims
            let w = numbers |> Array.rev |> Array.map (fun v -> float (float32 (v * v)))
            let counts = [ "flip.step"; "shift.step" ]
            let values = [ "x", numbers; "w", w ] @ [ for count in counts -> count, [| 3.0 |] ]

            let bound (e: Expr) =
                e.Substitute(
                    readOnlyDict [
                        for count in counts -> Expr.State(count, shape [], 0, DType.I32), Expr.Input(count, shape [], DType.I32)
                    ]
                )

            let dot = Seq.map2 (*) >> fun f -> f >> Seq.sum

            let results = Run.compiled VectorWidth.Auto 1 [ bound forward; bound dx ] values
            let left = dot results[0] w
            let right = dot results[1] numbers
            Expect.floatClose { absolute = 1e-3; relative = 1e-5 } left right "both products"

        testCase "shifts and jitters are a few kernels: nothing is copied slice by slice"
        <| fun () ->
            let x = Expr.Input("x", Shape.Of [| 64; 32; 32; 3 |])

            for name, y, most in [ "shift", x.RandomShift 4, 8; "jitter", x.ColourJitter(0.1, 0.1, 0.1), 10 ] do
                let struct (kernels, _) = Compile.Function(Graph(y).ForTraining()).Measure()
                Expect.isLessThanOrEqual kernels most name
    ]

let private mixing =
    let dims = [ 4; 3 ]

    testList "mixup" [
        testCase "inputs and loss by one lambda, the last with the first"
        <| fun () ->
            let mixup = Mixup 0.4
            let x = node dims
            let scores = mixup.Inputs x
            let labels = Expr.Literal(shape [ 4 ], [| 0.0; 1.0; 2.0; 0.0 |], DType.I32)

            let loss =
                mixup.Loss(fun scores labels -> scores.SoftmaxCrossEntropy labels).Invoke(scores, labels)

            let numbers = images dims

            for step, results in List.indexed (steps VectorWidth.Auto 1 3 [ scores; loss ] numbers) do
                let u, v = drawn "mixup1/u" step 0, drawn "mixup1/v" step 0
                let q = (u ** (-1.0 / 0.4) - 1.0) * cos (2.0 * Math.PI * v) ** 2.0
                let lambda = 0.5 + 0.5 / sqrt (1.0 + 1.0 / q)

                let mixed =
                    Reference.tensor dims (fun index ->
                        let other = Reference.element dims numbers [ 3 - index[0]; index[1] ]
                        lambda * Reference.element dims numbers index + (1.0 - lambda) * other)

                Expect.isTrue (Run.near 1e-4 [ results[0] ] [ mixed ]) $"examples of step {step}, lambda {lambda}"

                let crossEntropy (right: int list) =
                    List.init 4 (fun n ->
                        let row = mixed[3 * n .. 3 * n + 2]
                        log (Seq.sumBy exp row) - row[right[n]])
                    |> List.average

                let expected =
                    lambda * crossEntropy [ 0; 1; 2; 0 ]
                    + (1.0 - lambda) * crossEntropy [ 0; 2; 1; 0 ]

                Expect.isTrue (Run.near 1e-4 [ results[1] ] [ [| expected |] ]) $"loss of step {step}"

        for alpha in [ 0.2; 1.0; 3.0 ] do
            testCase $"lambda is of Beta({alpha}, {alpha}), folded at 1/2"
            <| fun () ->
                let x = Expr.Input("x", shape [ 2; 1 ])
                let mixup = Mixup alpha

                // of 1 and 0, the first is lambda
                let lambdas =
                    steps VectorWidth.Auto 1 4000 [ mixup.Inputs x ] [| 1.0; 0.0 |]
                    |> List.map (fun outputs -> outputs.Head[0])

                Expect.all lambdas (fun l -> l >= 0.5 && l <= 1.0) "folded"
                let second = lambdas |> List.averageBy (fun l -> (l - 0.5) ** 2.0)
                let variance = 1.0 / (4.0 * (2.0 * alpha + 1.0))
                Expect.floatClose { absolute = 0.0; relative = 0.07 } second variance "the variance of Beta"
                let fourth = lambdas |> List.averageBy (fun l -> (l - 0.5) ** 4.0)

                let fourthOfBeta = 3.0 / (16.0 * (2.0 * alpha + 1.0) * (2.0 * alpha + 3.0))

                Expect.floatClose { absolute = 0.0; relative = 0.12 } fourth fourthOfBeta "the fourth moment"

        testCase "neither model nor loss changes in inference"
        <| fun () ->
            let mixup = Mixup()
            let plain = Model.Input(5).Dense 3
            let model = Model.Input(5).Mixup(mixup).Dense 3
            let inference (e: Expr) = Graph(e).ForInference().Outputs[0]
            Expect.isTrue (Evaluate.alike (inference model.Output) plain.Output) "model"
            let labels = labels "labels"
            let loss (s: Expr) (l: Expr) = s.SoftmaxCrossEntropy l
            Expect.isTrue (Evaluate.alike (inference (mixupLoss mixup loss model.Output labels)) (loss plain.Output labels)) "loss"

        testCase "a model learns of mixtures, from F# too"
        <| fun () ->
            let mix = Mixup 1.0
            let net = model [ 2 ] (mixup mix >> dense 16 >> tanh >> dense 2)

            let loss = mixupLoss mix (fun scores labels -> scores |> softmaxCrossEntropy labels)

            let program = Training.Compile(net, loss, adam 0.02, metrics = [ Metric.Accuracy ])
            use kept = program.Initialise 1UL
            let x = Tensor.From(array2D [ [ 0f; 0f ]; [ 0f; 1f ]; [ 1f; 0f ]; [ 1f; 1f ] ])
            let labels = Tensor.From [| 0; 0; 0; 1 |]

            for _ in 1..400 do
                program.Step.Call(kept, Binding("x", x), Binding("labels", labels)) |> ignore

            let figures =
                program.Evaluate.Call(kept, Binding("x", x), Binding("labels", labels))

            Expect.equal (figures[1].Item()) 1.0 "accuracy"
            Expect.equal (kept["mixup1.step"].Item()) 400.0 "steps"
    ]

let private faces =
    testCase "in F#, by curried functions"
    <| fun () ->
        let x = node [ 2; 8; 8; 3 ]

        Expect.isTrue
            (Evaluate.alike
                (x |> randomFlip |> randomShift 2 |> colourJitter 0.1 0.2 0.3 |> cutout 3 |> grey)
                (x.RandomFlip().RandomShift(2).ColourJitter(0.1, 0.2, 0.3).Cutout(3).Grey()))
            "the same node"

let private mistakes =
    let x = node [ 2; 8; 9; 3 ]

    testList "mistakes" [
        for name, run, expected in
            [
                "rows instead of images",
                (fun () -> (node [ 4; 5 ]).RandomFlip()),
                "random_flip: images must be [N, height, width, channels], all but N known; got f32[4,5]. Reshape them, grey ones to one channel: .Reshape(-1, 28, 28, 1)?"
                "integers",
                (fun () -> (Expr.Input("x", shape [ 2; 4; 4; 1 ], DType.I32)).Cutout 2),
                "cutout: operands must be f32 or f64; got i32[2,4,4,1]. Cast first: .Cast(DType.F32)?"
                "an axis of the batch",
                (fun () -> x.RandomFlip 0),
                "random_flip: the axis must be 2, which exchanges left and right, or 1, top and bottom; got 0. 2 is usual."
                "a shift out of the picture",
                (fun () -> x.RandomShift 8),
                "random_shift: the pixels must be at least 0 and less than the image's 8; got 8. 4 is usual for 32 x 32."
                "a negative square", (fun () -> x.Cutout -1), "cutout: the size must be at least 0; got -1. 16 is usual for 32 x 32."
                "a contrast above 1",
                (fun () -> x.ColourJitter(0.1, 1.5)),
                "colour_jitter: the contrast must be a finite number, at least 0 and at most 1; got 1.5. 0.2 is usual."
                "a brightness that is no number",
                (fun () -> x.ColourJitter nan),
                "colour_jitter: the brightness must be a finite number, at least 0; got NaN. 0.2 is usual."
                "colours of 16 channels",
                (fun () -> (node [ 2; 4; 4; 16 ]).ColourJitter 0.1),
                "colour_jitter: images must have 3 channels, red, green and blue, or 1; got f32[2,4,4,16]. Take it before the first convolution."
                "an alpha of 0", (fun () -> Mixup(0.0).Inputs x), "mixup: alpha must be a finite number above 0; got 0. 0.2 is usual."
                "a scalar to mix",
                (fun () -> Mixup().Inputs(node [])),
                "mixup: there must be a batch of examples, [N, ...]; got f32[]. Give the input a first dim."
            ] do
            testCase name
            <| fun () ->
                Expect.throwsC (run >> ignore) (fun ex ->
                    Expect.isTrue (ex :? GraphException) $"a GraphException, not {ex.GetType().Name}: {ex.Message}"
                    Expect.equal (Mistakes.text ex) expected "the text")

        testCase "nothing asked for is nothing done"
        <| fun () ->
            for y in [ x.RandomShift 0; x.Cutout 0; x.ColourJitter() ] do
                Expect.isTrue (same x y) "the same node"
    ]

[<Tests>]
let tests = testList "augmentation" [ againstLoops; mixing; faces; mistakes ]
