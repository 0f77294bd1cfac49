/// Nearest neighbours and folds, beside what their definitions say.
module Cv.Tests.NeighboursTests

open System
open System.Collections.Immutable
open Cv.Compiler
open Cv.Dsl
open Cv.Practice
open Cv.Runtime
open Cv.Tests.Generators
open Expecto
open FsCheck

let private classNames = ImmutableArray.Create("a", "b", "c")

/// Whole numbers: distances are exact in f32, and often equal.
let private examples (random: Random) count size =
    let numbers = Array.init (count * size) (fun _ -> float32 (random.Next 4))
    Features("numbers", Tensor.From(shape [ count; size ], numbers), Array.init count (fun _ -> byte (random.Next 3)), classNames)

let private l1 (a: float32[]) (b: float32[]) =
    Array.fold2 (fun sum a b -> sum + abs (float a - float b)) 0.0 a b

let private l2 (a: float32[]) (b: float32[]) =
    Array.fold2 (fun sum a b -> sum + (float a - float b) ** 2.0) 0.0 a b |> sqrt

let private largest (a: float32[]) (b: float32[]) =
    Array.fold2 (fun most a b -> max most (abs (float a - float b))) 0.0 a b

/// A metric of one's own.
let private largestDifference =
    Distance(
        "largest difference",
        (fun a b ->
            (a.Reshape(shapeOf [ a.Shape[0]; Dim 1; a.Shape[1] ])
             - b.Reshape(shapeOf [ Dim 1; b.Shape[0]; b.Shape[1] ]))
                .Abs()
                .Max(2))
    )

/// The definition: all distances, sorted, the first of equals first.
let private nearest distance (train: Features) (query: float32[]) =
    [ for i in 0 .. train.Count - 1 -> distance (train.Example(i).ToArray()) query, i ]
    |> List.sort

let private vote (train: Features) (places: int seq) =
    places
    |> Seq.countBy (fun place -> int train.Labels[place])
    |> Seq.sortBy (fun (label, votes) -> -votes, label)
    |> Seq.head
    |> fst

let private neighbours =
    testList "neighbours" [
        for name, metric, distance in [ "L1", Distance.L1, l1; "L2", Distance.L2, l2; "own", largestDifference, largest ] do
            testProperty $"{name}: those that the definition names, nearest first, and what most of them are"
            <| fun (PositiveInt count) (PositiveInt size) (PositiveInt k) (seed: int) ->
                let random = Random seed
                let train, test = examples random count size, examples random (1 + count % 7) size
                let k = 1 + k % count
                // blocks of a few rows, so that there are several
                let small =
                    Distance(metric.Name, metric.Between, metric.Finish, 4 * size * (1 + seed &&& 3))

                let found = NearestNeighbours(train, small).Find(test, k)

                for i in 0 .. test.Count - 1 do
                    let expected = nearest distance train (test.Example(i).ToArray()) |> List.truncate k
                    Expect.equal (found.Places(i).ToArray()) [| for _, place in expected -> place |] $"places of {i}"

                    for (exact, _), actual in Seq.zip expected (found.Distances(i).ToArray()) do
                        Expect.isLessThan (abs (exact - float actual)) 1e-5 "distance"

                for fewer in 1..k do
                    let predicted = [ for i in 0 .. test.Count - 1 -> vote train (found.Places(i).Slice(0, fewer).ToArray()) ]
                    Expect.equal (found.Predict fewer) (Array.ofList predicted) $"votes of {fewer}"

                    let right =
                        Seq.zip predicted (test.Labels.ToArray())
                        |> Seq.filter (fun (p, l) -> p = int l)
                        |> Seq.length

                    Expect.equal (found.Accuracy fewer) (float right / float test.Count) $"accuracy of {fewer}"

        testCase "the same for each thread count, and for images as for their numbers"
        <| fun () ->
            let random = Random 1
            let bytes = Array.zeroCreate<byte>(700 * 12)
            random.NextBytes bytes

            let images =
                Dataset("images", shape [ 2; 2; 3 ], bytes, Array.init 700 (fun i -> byte (i % 3)), classNames)

            let struct (train, test) = images.Split 100

            for metric in [ Distance.L1; Distance.L2; Distance.Cosine ] do
                let places (found: Neighbours) = [
                    for i in 0 .. found.Count - 1 -> found.Places(i).ToArray(), found.Distances(i).ToArray()
                ]

                let one =
                    NearestNeighbours(train, metric, options = CompileOptions(Threads = 1)).Find(test, 5)
                    |> places

                let three =
                    NearestNeighbours(train, metric, options = CompileOptions(Threads = 3)).Find(test, 5)
                    |> places

                Expect.equal three one $"{metric.Name}: threads"

                let numbers =
                    NearestNeighbours(Features.Of train, metric).Find(Features.Of test, 5) |> places

                Expect.equal numbers one $"{metric.Name}: numbers"

        testCase "a scaling applies to both sides: the cosine of centred images is their correlation"
        <| fun () ->
            let bytes = [| 10uy; 20uy; 250uy; 240uy; 130uy; 133uy |]
            let train = Dataset("three", shape [ 2 ], bytes, [| 0uy; 1uy; 2uy |], classNames)
            let scaling = Scaling.MeanImage train
            let centred = Features.Of(train, scaling)
            let found = NearestNeighbours(train, Distance.Cosine, scaling).Find(train, 3)
            let expected = NearestNeighbours(centred, Distance.Cosine).Find(centred, 3)

            for i in 0..2 do
                Expect.equal (found.Places(i).ToArray()) (expected.Places(i).ToArray()) "places"
                Expect.equal (found.Places(i)[0]) i "itself first"

        testCase "differences are never in memory: one kernel, no buffer between"
        <| fun () ->
            let a, b =
                Expr.Input("a", shapeOf [ Dim "B"; Dim 3072 ]), Expr.Input("b", shapeOf [ Dim "M"; Dim 3072 ])

            let struct (kernels, bytes) =
                Compile.Function(Distance.L1.Between.Invoke(a, b)).Measure(struct ("B", 500), struct ("M", 128))

            Expect.equal (kernels, bytes) (1, 0L) "L1"

            let struct (_, bytes) =
                Compile.Function(Distance.L2.Between.Invoke(a, b)).Measure(struct ("B", 500), struct ("M", 1000))

            Expect.isLessThan bytes 20_000_000L "L2: the packed rows, and norms"

        testCase "progress is told, and a wish to stop is heard"
        <| fun () ->
            let train = examples (Random 1) 10 4
            let heard = Collections.Generic.List<float>()

            let progress = {
                new IProgress<float> with
                    member _.Report part = heard.Add part
            }

            let small = Distance("L1", Distance.L1.Between, null, 3 * 4 * 4)
            NearestNeighbours(train, small).Find(train, 1, progress) |> ignore
            Expect.equal (List.ofSeq heard) [ 0.3; 0.6; 0.9; 1.0 ] "parts"
            let stopped = Threading.CancellationToken true

            Expect.throwsT<OperationCanceledException>
                (fun () -> NearestNeighbours(train).Find(train, 1, null, stopped) |> ignore)
                "stopped"

        testCase "mistakes are told"
        <| fun () ->
            let random = Random 1
            let train = examples random 4 2

            let spoilt =
                Features("spoilt", Tensor.From(array2D [ [ 1f; 2f ]; [ nanf; 1f ] ]), [| 0uy; 1uy |], classNames)

            let texts =
                [
                    fun () -> NearestNeighbours(train.Take 0) |> ignore
                    fun () -> NearestNeighbours(train, Distance("none", fun a _ -> a)) |> ignore
                    fun () -> NearestNeighbours(train).Find(examples random 4 3, 1) |> ignore
                    fun () -> NearestNeighbours(train).Find(spoilt, 3) |> ignore
                ]
                |> List.map (fun run -> Expect.throwsC run Mistakes.text)

            Expect.equal
                texts
                [
                    "numbers: expected training examples, found none. Take more of the set."
                    "nearest neighbours: a distance must give those of all pairs, f32[B,M]; none gave f32[B,2]. Fold the features' axis."
                    "nearest neighbours: examples must have the training examples' size; got numbers: 4 x [3], 3 classes for numbers: 4 x [2], 3 classes. Make both in the same way."
                    "spoilt: at example 1: expected 3 training examples at a finite L2 distance, found fewer. Look for NaN or infinity in the numbers."
                ]
                "the texts"

            for k in [ 0; 5 ] do
                Expect.throwsT<ArgumentOutOfRangeException> (fun () -> NearestNeighbours(train).Find(train, k) |> ignore) $"k = {k}"

            let found = NearestNeighbours(train).Find(train, 2)
            Expect.throwsT<ArgumentOutOfRangeException> (fun () -> found.Predict 3 |> ignore) "more than were found"
    ]

let private folds =
    testList "folds" [
        testProperty "each example is in one validation set, and in the training sets of all other folds"
        <| fun (PositiveInt extra) (PositiveInt count) (seed: uint64 option) ->
            let count = 2 + count % 9
            let total = count + extra - 1

            let numbered =
                Features("n", Tensor.From(shape [ total; 1 ], [| for i in 1..total -> float32 i |]), Array.zeroCreate total, classNames)

            let numbers (part: Features) = [ for i in 0 .. part.Count - 1 -> int (part.Example(i)[0]) ]
            let folds = Folds.Of(numbered, count, Option.toNullable seed)
            Expect.hasLength folds count "folds"

            Expect.equal
                (folds
                 |> Seq.collect (fun fold -> numbers fold.Validation)
                 |> Seq.sort
                 |> List.ofSeq)
                [ 1..total ]
                "once"

            for fold in folds do
                Expect.equal (numbers fold.Train) ([ 1..total ] |> List.except (numbers fold.Validation)) "the others, in order"
                Expect.isTrue (abs (fold.Validation.Count * count - total) < count) "as equal as can be"

            Expect.equal
                [ for fold in Folds.Of(numbered, count, Option.toNullable seed) -> numbers fold.Validation ]
                [ for fold in folds -> numbers fold.Validation ]
                "again"

        testCase "without a seed they are neighbours; with one they are not"
        <| fun () ->
            let data =
                Dataset("ten", shape [ 1 ], [| 0uy .. 9uy |], Array.zeroCreate 10, classNames)

            let validation (folds: ImmutableArray<Fold<Dataset>>) = [
                for fold in folds -> fold.Validation.Images.ToArray() |> List.ofArray
            ]

            Expect.equal (validation (Folds.Of(data, 3))) [ [ 0uy .. 3uy ]; [ 4uy .. 6uy ]; [ 7uy .. 9uy ] ] "in order"
            let dealt = validation (Folds.Of(data, 3, 1UL))
            Expect.notEqual dealt (validation (Folds.Of(data, 3))) "by a seed"
            Expect.notEqual (validation (Folds.Of(data, 3, 2UL))) dealt "by another"
            Expect.throwsT<ArgumentOutOfRangeException> (fun () -> Folds.Of(data, 1) |> ignore) "one fold"
            Expect.throwsT<ArgumentOutOfRangeException> (fun () -> Folds.Of(data, 11) |> ignore) "more than examples"
    ]

[<Tests>]
let tests = testList "practice data" [ neighbours; folds ]
