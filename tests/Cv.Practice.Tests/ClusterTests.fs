/// k-means and bags of visual words, beside what their definitions say.
module Cv.Tests.ClusterTests

open System
open System.Collections.Immutable
open Cv.Practice
open Cv.Runtime
open Cv.Tests.Generators
open Expecto
open FsCheck

/// Each run compiles.
let private few = { FsCheckConfig.defaultConfig with maxTest = 20 }

let private classNames = ImmutableArray.Create("a", "b")

let private features (rows: float32[][]) =
    Features("rows", Tensor.From(shape [ rows.Length; rows[0].Length ], Array.concat rows), Array.zeroCreate rows.Length, classNames)

let private scattered seed count size =
    let random = Random(seed: int)
    Array.init count (fun _ -> Array.init size (fun _ -> float32 (random.NextDouble())))

let private squared (a: float32[]) (b: float32[]) =
    Array.fold2 (fun sum a b -> sum + (float a - float b) ** 2.0) 0.0 a b

let private centroids (clusters: KMeans) =
    clusters.Centroids.ToArray<float32>()
    |> Array.chunkBySize (clusters.Centroids.Shape[1].Value)

let private kMeans =
    testList "k-means" [
        testPropertyWithConfig few "at rest, each centroid is the mean of the rows nearest to it, and the inertia never rose"
        <| fun (PositiveInt count) (PositiveInt size) (PositiveInt clusters) (seed: int) ->
            let count, size = count + 1, 1 + size % 5
            let rows = scattered seed count size
            let clusters = 1 + clusters % min count 7
            let found = KMeans.Fit(features rows, clusters, uint64 (abs (int64 seed)), 200)
            let places = centroids found
            let assigned = found.Assign(features rows)

            for row, own in Array.zip rows assigned do
                let nearest = places |> Seq.map (squared row) |> Seq.min
                Expect.isLessThan (squared row (places[own]) - nearest) 1e-5 "no centroid is nearer"

            for cluster in 0 .. clusters - 1 do
                match
                    [|
                        for row, own in Array.zip rows assigned do
                            if own = cluster then
                                row
                    |]
                with
                | [||] -> ()
                | own ->
                    for d in 0 .. size - 1 do
                        let mean = own |> Array.averageBy (fun row -> float row[d])
                        Expect.isLessThan (abs (mean - float (places[cluster][d]))) 1e-4 "the mean"

            for before, after in Seq.pairwise found.Inertia do
                Expect.isLessThan (after - before) 1e-5 "never rises"

            let inertia =
                Array.zip rows assigned
                |> Array.averageBy (fun (row, own) -> squared row (places[own]))

            Expect.isLessThan (abs (inertia - found.Inertia[found.Inertia.Length - 1])) 1e-5 "what it says at last"

        testCase "groups far apart are found, from any seed"
        <| fun () ->
            let random = Random 1
            let centre i = [| float32 (10 * (i % 4)); float32 (10 * (i / 4)) |]

            let rows =
                Array.init 240 (fun i -> centre (i % 8) |> Array.map (fun c -> c + float32 (random.NextDouble())))

            for seed in 1UL .. 5UL do
                let found = KMeans.Fit(features rows, 8, seed)
                let own = found.Assign(features rows)
                Expect.equal (own |> Array.mapi (fun i c -> own[i % 8] = c) |> Array.forall id) true "one cluster a group"
                Expect.hasLength (Array.distinct own) 8 "and a group a cluster"
                Expect.isLessThan found.Iterations 50 "at rest"

        testCase "as many clusters as rows leave no distance, also where rows are equal"
        <| fun () ->
            let rows = Array.append (scattered 1 6 3) [| [| 5f; 5f; 5f |]; [| 5f; 5f; 5f |] |]
            let found = KMeans.Fit(features rows, 8, 3UL)
            Expect.isLessThan found.Inertia[found.Inertia.Length - 1] 1e-5 "none"
            Expect.isTrue (centroids found |> Array.forall (Array.forall Single.IsFinite)) "no centroid is lost"

        testCase "the same from run to run, and another from another seed"
        <| fun () ->
            let rows = features (scattered 4 500 6)

            let fit seed =
                KMeans.Fit(rows, 9, seed).Centroids.ToArray<float32>()

            Expect.equal (fit 1UL) (fit 1UL) "again"
            Expect.notEqual (fit 1UL) (fit 2UL) "by seed"

        testCase "mistakes are told"
        <| fun () ->
            let rows = features (scattered 1 5 2)

            for run in
                [
                    fun () -> KMeans.Fit(rows, 0, 1UL) |> ignore
                    fun () -> KMeans.Fit(rows, 6, 1UL) |> ignore
                    fun () -> KMeans.Fit(rows, 2, 1UL, 0) |> ignore
                ] do
                Expect.throwsT<ArgumentOutOfRangeException> run "out of range"

            let texts =
                [
                    fun () -> KMeans.Fit(features [| [| nanf |]; [| 1f |] |], 1, 1UL) |> ignore
                    fun () -> KMeans.Fit(rows, 2, 1UL).Assign(features (scattered 1 5 3)) |> ignore
                ]
                |> List.map (fun run -> Expect.throwsC run Mistakes.text)

            Expect.equal
                texts
                [
                    "rows: expected finite numbers, found NaN or infinity in the distances. Look at the data."
                    "k-means: rows must have 2 values, as the centroids; got rows: 5 x [3], 2 classes. Make both in the same way."
                ]
                "the texts"
    ]

/// Images of 8 x 8 x 1 with bars, upright or lying, at random places.
let private bars seed count =
    let random = Random(seed: int)

    let image kind =
        let at = random.Next 8

        Array.init 64 (fun i ->
            if (if kind = 0 then i % 8 else i / 8) % 4 = at % 4 then
                byte (200 + random.Next 50)
            else
                byte (random.Next 30))

    Dataset(
        "bars",
        shape [ 8; 8; 1 ],
        Array.concat [ for i in 1..count -> image (i % 2) ],
        Array.init count (fun i -> byte ((i + 1) % 2)),
        classNames
    )

let private options =
    VisualWordOptions(PatchSize = 3, Words = 6, Patches = 500, Grid = 2)

let private bag =
    testList "bag of visual words" [
        testCase "histograms are those of the definition, patch by patch"
        <| fun () ->
            let train = bars 1 60

            for options in [ options; VisualWordOptions(PatchSize = 3, Stride = 2, Words = 5, Patches = 300, Soft = true) ] do
                let bag = BagOfVisualWords.Fit(train, options)
                let test = bars 2 3
                let described = bag.Describe test
                Expect.equal described.SampleSize bag.Size "numbers"
                let words = centroids bag.Words |> Array.map (Array.map float)
                let matrix = bag.Whitening.Matrix.ToArray<float32>() |> Array.map float
                let mean = bag.Whitening.Mean.ToArray<float32>() |> Array.map float
                let across = (8 - 3) / options.Stride + 1

                for i in 0..2 do
                    let pixel y x =
                        float (test.Image(i)[8 * y + x]) / 255.0

                    let code row column =
                        let patch = [|
                            for y in 0..2 do
                                for x in 0..2 -> pixel (row * options.Stride + y) (column * options.Stride + x)
                        |]

                        let m = Array.average patch
                        let v = patch |> Array.averageBy (fun p -> (p - m) ** 2.0)
                        let normal = patch |> Array.map (fun p -> (p - m) / sqrt (v + options.Contrast))

                        let white =
                            Array.init 9 (fun k -> Seq.sum [ for d in 0..8 -> (normal[d] - mean[d]) * matrix[9 * d + k] ])

                        let distances =
                            words
                            |> Array.map (fun word -> Array.fold2 (fun sum a b -> sum + (a - b) ** 2.0) 0.0 word white |> sqrt)

                        if options.Soft then
                            let mean = Array.average distances
                            distances |> Array.map (fun d -> max 0.0 (mean - d))
                        else
                            let nearest = Array.findIndex ((=) (Array.min distances)) distances
                            Array.init words.Length (fun k -> if k = nearest then 1.0 else 0.0)

                    let expected = [|
                        for row in 0 .. options.Grid - 1 do
                            for column in 0 .. options.Grid - 1 do
                                let part cell = [ across * cell / options.Grid .. across * (cell + 1) / options.Grid - 1 ]

                                let codes = [|
                                    for y in part row do
                                        for x in part column -> code y x
                                |]

                                for k in 0 .. words.Length - 1 -> codes |> Array.averageBy (fun code -> code[k])
                    |]

                    for exact, actual in Array.zip expected (described.Example(i).ToArray()) do
                        Expect.isLessThan (abs (exact - float actual)) 1e-4 "a frequency"

        testCase "words tell upright bars from lying ones, which pixels do not"
        <| fun () ->
            let train, test = bars 1 200, bars 2 100

            let bag =
                BagOfVisualWords.Fit(train, VisualWordOptions(PatchSize = 3, Words = 12, Patches = 1000))

            Expect.isGreaterThan (NearestNeighbours(bag.Describe train).Accuracy(bag.Describe test, 3)) 0.95 "by their words"

        testCase "the same from run to run"
        <| fun () ->
            let train = bars 1 40

            let describe () =
                BagOfVisualWords.Fit(train, options).Describe(train).X.ToArray<float32>()

            Expect.equal (describe ()) (describe ()) "again"

        testCase "mistakes are told"
        <| fun () ->
            let train = bars 1 10

            let texts =
                [
                    fun () -> BagOfVisualWords.Fit(train.Take 0, options) |> ignore
                    fun () -> BagOfVisualWords.Fit(train, VisualWordOptions(PatchSize = 9)) |> ignore
                    fun () -> BagOfVisualWords.Fit(features (scattered 1 5 4)) |> ignore
                    fun () ->
                        BagOfVisualWords.Fit(train, options).Describe(features (scattered 1 5 64))
                        |> ignore
                ]
                |> List.map (fun run -> Expect.throwsC run Mistakes.text)

            Expect.equal
                texts
                [
                    "bars: expected images to learn words from, found none. Take more of the set."
                    "visual words: images must be [height, width, channels], with a patch of 9 x 9 for each of 1 x 1 cells; got bars: 10 x [8,8,1], 2 classes. Take smaller patches?"
                    "visual words: images must be [height, width, channels], with a patch of 6 x 6 for each of 1 x 1 cells; got rows: 5 x [4], 2 classes. Take smaller patches?"
                    "visual words: images must be [8,8,1], as those that the words were learnt from; got rows: 5 x [64], 2 classes. Describe images of that shape."
                ]
                "the texts"

            for options in [ VisualWordOptions(Patches = 10); VisualWordOptions(Stride = 0); VisualWordOptions(Epsilon = nan) ] do
                Expect.throwsT<Cv.Dsl.GraphException> (fun () -> BagOfVisualWords.Fit(train, options) |> ignore) $"{options}"
    ]

let private pipelines =
    testCase "F# pipelines are the same"
    <| fun () ->
        let train, test = bars 1 40, bars 2 6
        let map = train |> Cv.FSharp.Data.whitenPca 3 0.1
        let white = Cv.FSharp.Data.apply map

        let same (a: Features) (b: Features) =
            Expect.equal (a.X.ToArray<float32>()) (b.X.ToArray<float32>()) "numbers"

        same (white test) (Whitening.Pca(train, 3, 0.1).Apply test)
        same (test |> Cv.FSharp.Data.apply (Cv.FSharp.Data.standardisation train)) (Standardisation.Of(train).Apply test)
        let found = white test |> Cv.FSharp.Data.nearest Distance.L1 5 (white train)
        Expect.equal (found.Predict 5) (NearestNeighbours(white train, Distance.L1).Predict(white test, 5)) "classes"
        let clusters = white train |> Cv.FSharp.Data.kMeans 4 1UL
        Expect.equal (clusters.Assign(white test)) (KMeans.Fit(white train, 4, 1UL).Assign(white test)) "clusters"
        let bag = train |> Cv.FSharp.Data.visualWords options
        same (test |> Cv.FSharp.Data.describe bag) (BagOfVisualWords.Fit(train, options).Describe test)
        Expect.equal [ for fold in train |> Cv.FSharp.Data.folds 5 -> fold.Validation.Count ] [ 8; 8; 8; 8; 8 ] "folds"

[<Tests>]
let tests = testList "clusters" [ kMeans; bag; pipelines ]
