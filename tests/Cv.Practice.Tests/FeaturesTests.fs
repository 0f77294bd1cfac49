/// Numbers with labels: parts of them, batches of them, and what graphs make of them.
module Cv.Tests.FeaturesTests

open System
open System.Collections.Immutable
open Cv.Compiler
open Cv.Dsl
open Cv.Runtime
open Cv.Tests.Generators
open Expecto
open FsCheck

let private classNames = ImmutableArray.Create("a", "b", "c")

/// Images of random bytes, two by one pixel by channels.
let private images seed count channels =
    let random = Random(seed: int)
    let bytes = Array.zeroCreate<byte>(count * 2 * channels)
    random.NextBytes bytes
    Dataset("images", shape [ 2; 1; channels ], bytes, [| for i in 1..count -> byte (i % 3) |], classNames)

/// Features that tell their own place in each of their values.
let private numbered count size =
    let x =
        Tensor.From(
            shape [ count; size ],
            [|
                for i in 0 .. count - 1 do
                    yield! [| for j in 0 .. size - 1 -> float32 (100 * i + j) |]
            |]
        )

    Features("numbered", x, [| for i in 0 .. count - 1 -> byte (i % 3) |], classNames)

let private content (part: Features) = [ for i in 0 .. part.Count - 1 -> part.Example(i).ToArray(), part.Labels[i] ]

let private epochs (batches: Batches) = [
    for epoch in 0..2 do
        for batch in batches.Epoch epoch -> batch.X.Type, batch.X.ToArray<float32>(), batch.Labels.ToArray<int>()
]

let private sets =
    testList "sets" [
        testProperty "parts hold the examples they say, also where they are not on a line of memory"
        <| fun (PositiveInt count) (PositiveInt size) (NonNegativeInt cut) (chosen: NonNegativeInt list) ->
            let data = numbered count size
            let cut = cut % (count + 1)
            let struct (first, second) = data.Split cut
            let chosen = chosen |> List.map (fun i -> i.Get % count)
            let all = content data
            Expect.equal (content first @ content second) all "split"
            Expect.equal (content (data.Take cut)) (List.take cut all) "take"
            Expect.equal (content (data.Subset(List.toArray chosen))) [ for i in chosen -> all[i] ] "subset"
            let struct (middle, last) = second.Split(second.Count / 2)
            Expect.equal (content middle @ content last) (content second) "a part's parts"
            Expect.equal (second.X.ToArray<float32>()) (Array.concat [ for x, _ in content second -> x ]) "its tensor"
            Expect.equal (second.X.Clone().ToArray<float32>()) (second.X.ToArray<float32>()) "and a copy of it"

        testCase "parts share memory where they can"
        <| fun () ->
            let data = numbered 8 16
            let struct (_, second) = data.Split 3
            Expect.equal second.X.Address (data.X.Address + nativeint (3 * 16 * 4)) "a row is a line"
            let struct (_, copied) = (numbered 8 5).Split 3
            Expect.equal (copied.X.Address % 64n) 0n "a copy begins on a line"

        testProperty "of a data set, they come in the same batches"
        <| fun (PositiveInt count) (PositiveInt size) (seed: uint64 option) ->
            let data = images 3 count 3

            for scaling in [ Scaling.Unit; Scaling.MeanImage data ] do
                use ofBytes = new Batches(data, size, scaling, Option.toNullable seed)

                use ofNumbers =
                    new Batches(Features.Of(data, scaling), size, seed = Option.toNullable seed)

                Expect.equal (epochs ofNumbers) (epochs ofBytes) $"{scaling}"

        testCase "in batches they take another shape, and compute a graph's output"
        <| fun () ->
            let data = numbered 7 4
            use batches = new Batches(data, 3, sampleShape = shape [ 2; 2 ])
            Expect.equal (string (batches.Get(0, 0).X.Type)) "f32[3,2,2]" "as asked for"
            let x = Expr.Input("x", shapeOf [ Dim "N"; Dim 2; Dim 2 ])
            let sums = Features.Compute(Compile.Function(x.Sum(2)), batches)
            Expect.equal (string sums) "numbered: 7 x [2], 3 classes" "a row each"

            Expect.equal
                [ for i in 0..6 -> sums.Example(i).ToArray() ]
                [ for i in 0..6 -> [| float32 (200 * i + 1); float32 (200 * i + 5) |] ]
                "sums"

            Expect.equal (sums.Labels.ToArray()) (data.Labels.ToArray()) "labels"
            use shuffled = new Batches(data, 3, seed = 5UL, sampleShape = shape [ 2; 2 ])
            let other = Features.Compute(Compile.Function(x.Sum(2)), shuffled)
            Expect.equal (List.sortBy (fun (x: float32[], _) -> x[0]) (content other)) (content sums) "labels go along in any order"

        testCase "mistakes are told"
        <| fun () ->
            let texts =
                [
                    fun () ->
                        Features("set", Tensor.Zeros(shape [ 3; 2 ], DType.F64), [| 0uy; 0uy; 0uy |], classNames)
                        |> ignore
                    fun () ->
                        Features("set", Tensor.Zeros(shape [ 3; 2 ]), [| 0uy; 0uy |], classNames)
                        |> ignore
                    fun () ->
                        Features("set", Tensor.Zeros(shape [ 2; 2 ]), [| 0uy; 3uy |], classNames)
                        |> ignore
                    fun () -> (new Batches(numbered 3 2, 2, Scaling.Unit)).Dispose()
                    fun () -> Features.Of(numbered 3 2, Scaling.Unit) |> ignore
                    fun () ->
                        let x = Expr.Input("x", shapeOf [ Dim "N"; Dim 2 ])
                        use batches = new Batches(numbered 3 2, 2)
                        Features.Compute(Compile.Function(x.Sum()), batches) |> ignore
                ]
                |> List.map (fun run -> Expect.throwsC run Mistakes.text)

            Expect.equal
                texts
                [
                    "set: features must be f32[N, ...]; got f64[3,2]. Cast it, or reshape it."
                    "set: expected 3 labels, one for each example of f32[3,2], found 2. Give each example one label."
                    "set: at label 1: expected a class from 0 to 2, found 3. Name every class?"
                    "batches: a scaling turns bytes into numbers; got x / 255 for numbered: 3 x [2], 3 classes, which are numbers. Leave it out, or use Standardisation."
                    "features: a scaling turns bytes into numbers; got x / 255 for numbered: 3 x [2], 3 classes, which are numbers. Scale the images, or use Standardisation."
                    "features: the function must give one row for each example; got f32[] for f32[2,2]. Give f32[N, ...] of \"x\"."
                ]
                "the texts"

            for run in [ (fun () -> (numbered 3 2).Take 4 |> ignore); (fun () -> (numbered 3 2).Subset [| 3 |] |> ignore) ] do
                Expect.throwsT<ArgumentOutOfRangeException> run "outside the set"
    ]

let private scaling =
    testProperty "channels get mean 0 and deviation 1, and the same bits at every length"
    <| fun (PositiveInt count) (PositiveInt size) (seed: int) ->
        let random = Random seed
        let bytes = Array.zeroCreate<byte>((count + 1) * size * 2)
        random.NextBytes bytes

        let data =
            Dataset("images", shape [ 1; size; 2 ], bytes, Array.zeroCreate (count + 1), classNames)

        let scaling = Scaling.ChannelMeanAndDeviation data
        let scaled = Features.Of(data, scaling)

        for channel in 0..1 do
            let values = [ for i in channel..2 .. bytes.Length - 1 -> float bytes[i] / 255.0 ]
            let mean = List.average values
            let deviation = values |> List.averageBy (fun v -> (v - mean) ** 2.0) |> sqrt
            let numbers = scaled.X.AsSpan<float32>().ToArray()

            for place in 0 .. bytes.Length / 2 - 1 do
                let number = numbers[2 * place + channel]

                let exact =
                    if deviation = 0.0 then
                        0.0
                    else
                        (values[place] - mean) / deviation

                Expect.isLessThan (abs (float number - exact)) 1e-4 $"{number}, and exactly {exact}"
                let at = (2 * place + channel) % data.SampleSize
                let byte = bytes[2 * place + channel]
                Expect.equal number ((float32 byte * (1.0f / 255.0f) - scaling.Means[at]) * scaling.Factors[at]) "the bits"

[<Tests>]
let tests = testList "features" [ sets; scaling ]
