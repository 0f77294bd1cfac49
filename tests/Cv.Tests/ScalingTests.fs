module Cv.Tests.ScalingTests

open System
open System.Collections.Immutable
open System.Linq
open Cv.Dsl
open Cv.Runtime
open Cv.Tests.BatchesTests
open Cv.Tests.Generators
open Cv.Tests.TensorTests
open Expecto
open FsCheck

let private random (seed: int) count size channels =
    let bytes = Array.zeroCreate (count * size * channels)
    Random(seed).NextBytes bytes
    Dataset($"random {seed}", shape [ 1; size; channels ], bytes, Array.zeroCreate count, Mnist.ClassNames)

let private apply (scaling: Scaling) (image: byte[]) =
    let target = Array.create image.Length nanf
    scaling.Apply(image, target)
    target

let private scaling =
    testList "scaling" [
        testCase "bytes become 0 to 1"
        <| fun () ->
            let values = apply Scaling.Unit [| 0uy .. 255uy |]
            Expect.equal values[0] 0.0f "0"
            Expect.equal values[255] 1.0f "255"

            Expect.isTrue
                (values
                 |> Array.mapi (fun i v -> abs (v - float32 i / 255.0f) < 1e-7f)
                 |> Array.forall id)
                "those between"

        testProperty "vectors and single values give the same bits at every length"
        <| fun (PositiveInt size) (seed: int) ->
            let train = random seed 3 size 1
            let image = train.Image(1).ToArray()

            for scaling in [ Scaling.Unit; Scaling.MeanImage train; Scaling.ChannelMean train ] do
                let means =
                    if scaling.Means.IsEmpty then
                        Array.zeroCreate size
                    else
                        scaling.Means.ToArray()

                let expected =
                    Array.map2 (fun (x: byte) mean -> float32 x * (1.0f / 255.0f) - mean) image means

                Expect.equal (apply scaling image) expected $"{scaling}"

        testProperty "the mean image is each place's, the channel mean each channel's"
        <| fun (PositiveInt count) (PositiveInt size) ->
            let count, size = 1 + count % 9, 1 + size % 9
            let train = random 7 count size 3
            let scaled = [ for i in 0 .. count - 1 -> train.Image(i).ToArray() |> Array.map (fun b -> float b / 255.0) ]
            let image = Scaling.MeanImage(train).Means.ToArray()
            let channel = Scaling.ChannelMean(train).Means.ToArray()

            for place in 0 .. 3 * size - 1 do
                let ofPlace = scaled |> List.averageBy (fun image -> image[place])

                let ofChannel =
                    List.average [
                        for image in scaled do
                            for other in place % 3 .. 3 .. 3 * size - 1 -> image[other]
                    ]

                Expect.floatClose Accuracy.low (float image[place]) ofPlace $"place {place}"
                Expect.floatClose Accuracy.low (float channel[place]) ofChannel $"channel {place % 3}"

        testCase "what the training set gave is applied to every set, and does not change"
        <| fun () ->
            let train, test = random 1 20 40 3, random 2 5 40 3
            let fitted = Scaling.MeanImage train
            let before = fitted.Means.ToArray()
            use batches = new Batches(test, 2, fitted)

            let values = [|
                for batch in batches.Epoch 1 do
                    yield! batch.X.ToArray<float32>()
            |]

            let expected =
                test.Images.ToArray()
                |> Array.mapi (fun i x -> float32 x * (1.0f / 255.0f) - before[i % 120])

            Expect.equal values expected "test - mean of train"
            Expect.equal (fitted.Means.ToArray()) before "the same means after"
            Expect.notEqual (Scaling.MeanImage(test).Means.ToArray()) before "the test set's would be others"

        testCase "mistakes are told"
        <| fun () ->
            let fitted = Scaling.MeanImage(random 1 2 4 1)

            Expect.equal
                (messageOf<ShapeException>(fun () -> apply fitted [| 1uy; 2uy |] |> ignore))
                "scaling: image, target and mean must have one length; got 2, 2 and 4. Fit the scaling on images of this shape."
                "another length"

            Expect.equal
                (messageOf<DataException>(fun () -> Scaling.ChannelMean((random 1 2 4 1).Take 0) |> ignore))
                "random 1: expected images to take the mean of, found none. Fit the scaling on the training set."
                "an empty set"
    ]

let private dataset =
    testList "dataset" [
        testProperty "parts hold the images they say"
        <| fun (PositiveInt count) (NonNegativeInt cut) (chosen: NonNegativeInt list) ->
            let data = numbered count
            let cut = cut % (count + 1)
            let struct (first, second) = data.Split cut
            let chosen = chosen |> List.map (fun i -> i.Get % count)
            let subset = data.Subset(List.toArray chosen)
            let content (part: Dataset) = [ for i in 0 .. part.Count - 1 -> part.Image(i).ToArray(), part.Labels[i] ]
            let all = content data
            Expect.equal (content first @ content second) all "split"
            Expect.equal (content (data.Take cut)) (List.take cut all) "take"
            Expect.equal (content subset) [ for i in chosen -> all[i] ] "subset"

        testCase "mistakes are told"
        <| fun () ->
            let make images (labels: byte[]) () =
                Dataset(
                    "set",
                    shape [ 2; 1; 1 ],
                    Array.zeroCreate images,
                    labels,
                    Mnist.ClassNames.Take(3).ToArray() |> ImmutableArray.Create<string>
                )
                |> ignore

            Expect.equal
                (messageOf<DataException>(make 3 [| 0uy; 1uy |]))
                "set: expected 4 bytes of images (2 labels, [2,1,1] each), found 3. Give each image one label."
                "a byte too few"

            Expect.equal
                (messageOf<DataException>(make 4 [| 0uy; 3uy |]))
                "set: at label 1: expected a class from 0 to 2, found 3. Name every class?"
                "a label without a class"

            for run in [ (fun () -> (numbered 3).Take 4 |> ignore); (fun () -> (numbered 3).Subset [| 3 |] |> ignore) ] do
                Expect.throwsT<ArgumentOutOfRangeException> run "outside the set"
    ]

[<Tests>]
let tests = testList "Data" [ scaling; dataset ]
