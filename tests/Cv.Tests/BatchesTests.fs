module Cv.Tests.BatchesTests

open System
open Cv.Dsl
open Cv.Runtime
open Cv.Tests.Generators
open Cv.Tests.TensorTests
open Expecto
open FsCheck

/// Images that tell their own place: two bytes hold it.
let numbered count =
    let images = [|
        for i in 0 .. count - 1 do
            byte (i / 256)
            byte (i % 256)
    |]

    Dataset("numbered", shape [ 1; 2; 1 ], images, Array.init count (fun i -> byte (i % 10)), Mnist.ClassNames)

/// The places of a batch's images in the data set; their labels must agree.
let places (batch: Batch) = [
    let x = batch.X.ToDoubles() |> Array.map (fun v -> int (Math.Round(v * 255.0)))

    for i in 0 .. batch.Count - 1 do
        let place = x[2 * i] * 256 + x[2 * i + 1]
        Expect.equal (batch.Labels.ToArray<int>()[i]) (place % 10) "the label goes with its image"
        place
]

let private order (batches: Batches) epoch = [
    for batch in batches.Epoch epoch do
        yield! places batch
]

let private batches =
    testList "batches" [
        testProperty "an epoch takes each image once, in batches of one size but the last"
        <| fun (PositiveInt count) (PositiveInt size) (seed: uint64) (NonNegativeInt epoch) ->
            use batches = new Batches(numbered count, size, seed = seed)
            let sizes = [ for batch in batches.Epoch epoch -> batch.Count ]
            let size = min size count
            Expect.equal (List.sort (order batches epoch)) [ 0 .. count - 1 ] "each once"
            Expect.equal (List.sum sizes) count "all of them"
            Expect.equal sizes.Length batches.Count "as many batches as it says"
            Expect.all sizes[.. sizes.Length - 2] ((=) size) "whole batches"
            Expect.isTrue (sizes[sizes.Length - 1] <= size) "and the last"

        testCase "the order is the seed's and the epoch's, whatever was asked for before"
        <| fun () ->
            use batches = new Batches(numbered 500, 64, seed = 5UL)
            use again = new Batches(numbered 500, 100, seed = 5UL)
            use other = new Batches(numbered 500, 64, seed = 6UL)
            let first = order batches 1
            Expect.notEqual (order batches 2) first "by epoch"
            Expect.equal (order batches 1) first "asked again"
            Expect.equal (order again 1) first "by another, of another batch size"
            Expect.notEqual (order other 1) first "by seed"

        testCase "the order is the same on every machine"
        <| fun () ->
            use batches = new Batches(numbered 10, 10, seed = 1UL)

            Expect.equal
                [ for epoch in 0..2 -> order batches epoch ]
                [ [ 8; 4; 9; 3; 6; 2; 0; 1; 5; 7 ]; [ 2; 0; 7; 9; 5; 4; 3; 1; 8; 6 ]; [ 8; 7; 3; 2; 1; 9; 6; 4; 0; 5 ] ]
                "three epochs of seed 1, as a program in another language gives them"

        testCase "every order is about as likely"
        <| fun () ->
            use batches = new Batches(numbered 3, 3, seed = 3UL)
            let counts = [ for epoch in 1..6000 -> order batches epoch ] |> List.countBy id
            Expect.hasLength counts 6 "all orders of three"
            // the deviation of each count is 29
            Expect.all counts (fun (_, count) -> abs (count - 1000) < 120) "each about 1000 times"

        testCase "without a seed the order is the data set's"
        <| fun () ->
            use batches = new Batches(numbered 7, 3)
            Expect.equal (order batches 1) [ 0..6 ] "epoch 1"
            Expect.equal (order batches 2) [ 0..6 ] "epoch 2"

        testProperty "any batch can be made at any time"
        <| fun (seed: uint64) (asked: (PositiveInt * NonNegativeInt) list) ->
            use batches = new Batches(numbered 23, 5, seed = seed)

            let expected = [ for epoch in 0..3 -> [ for batch in batches.Epoch epoch -> places batch ] ]

            for epoch, index in asked do
                let epoch, index = epoch.Get % 4, index.Get % batches.Count

                Expect.equal
                    (places (batches.Get(epoch, index)))
                    (expected |> List.item epoch |> List.item index)
                    $"batch {index} of epoch {epoch}"

        testCase "tensors have the shape asked for, and are reused"
        <| fun () ->
            use batches = new Batches(numbered 7, 3, sampleShape = shape [ 2 ])
            let first, second, last = batches.Get(1, 0), batches.Get(1, 1), batches.Get(1, 2)
            Expect.equal (first.X.Type.ToString()) "f32[3,2]" "x"
            Expect.equal (first.Labels.Type.ToString()) "i32[3]" "labels"
            Expect.equal (last.X.Type.ToString()) "f32[1,2]" "the last x"
            Expect.equal (last.Labels.Type.ToString()) "i32[1]" "the last labels"
            Expect.isTrue (obj.ReferenceEquals(first.X, second.X)) "one tensor"
            Expect.equal last.X.Address first.X.Address "one memory"
            Expect.equal [ for input in first.Inputs() -> input.Name ] [ "x"; "labels" ] "bindings"
            use images = new Batches(numbered 7, 3)
            Expect.equal (images.Get(1, 0).X.Type.ToString()) "f32[3,1,2,1]" "as images"

        testCase "a batch allocates nothing"
        <| fun () ->
            use batches = new Batches(numbered 1000, 10, seed = 1UL)

            let allocated epochs =
                let before = GC.GetAllocatedBytesForCurrentThread()

                for epoch in 1..epochs do
                    for index in 0 .. batches.Count - 1 do
                        batches.Get(epoch, index) |> ignore

                GC.GetAllocatedBytesForCurrentThread() - before

            allocated 20 |> ignore
            Expect.isLessThan (allocated 20) 1000L "2,000 batches, and less than a byte for each"

        testCase "mistakes are told"
        <| fun () ->
            let data = numbered 7

            let texts = [
                messageOf<ShapeException>(fun () -> (new Batches(data, 3, sampleShape = shape [ 3 ])).Dispose())
                messageOf<ShapeException>(fun () ->
                    (new Batches(
                        data,
                        3,
                        Scaling.MeanImage(Dataset("d", shape [ 1; 3; 1 ], Array.zeroCreate 3, [| 0uy |], Mnist.ClassNames))
                    ))
                        .Dispose())
                messageOf<DataException>(fun () -> (new Batches(data.Take 0, 3)).Dispose())
            ]

            Expect.equal
                texts
                [
                    "batches: the sample shape must hold one image; got [3] for numbered: 7 x [1,2,1], 10 classes. Give a shape of 2 elements."
                    "batches: the scaling must be for images of the same size; got means of 3 values for numbered: 7 x [1,2,1], 10 classes. Fit it on the training set of this data."
                    "numbered: expected at least one image, found none. Take more of the set."
                ]
                "the texts"

            use batches = new Batches(data, 3)
            Expect.throwsT<ArgumentOutOfRangeException> (fun () -> batches.Get(1, 3) |> ignore) "no such batch"
            Expect.throwsT<ArgumentOutOfRangeException> (fun () -> batches.Get(-1, 0) |> ignore) "no such epoch"
            Expect.throwsT<ArgumentOutOfRangeException> (fun () -> (new Batches(data, 0)).Dispose()) "no size"
            batches.Dispose()
            Expect.throwsT<ObjectDisposedException> (fun () -> batches.Get(1, 0) |> ignore) "disposed"
    ]

[<Tests>]
let tests = testList "Data" [ batches ]
