/// Whitening and standardisation, held to the laws that define them.
module Cv.Tests.WhiteningTests

open System
open System.Collections.Immutable
open Cv.Practice
open Cv.Runtime
open Cv.Tests.Generators
open Expecto
open FsCheck

/// Each run compiles.
let private few = { FsCheckConfig.defaultConfig with maxTest = 25 }

let private classNames = ImmutableArray.Create("a", "b")

/// Correlated numbers about a mean that is not 0: rows of a random matrix, mixed.
let private correlated seed count size =
    let random = Random(seed: int)

    let normal () =
        Seq.init 12 (fun _ -> random.NextDouble()) |> Seq.sum |> (+) -6.0

    let mix = Array2D.init size size (fun i j -> normal () / float (1 + i + j))

    let rows =
        Array.init count (fun _ ->
            let z = Array.init size (fun _ -> normal ())
            Array.init size (fun j -> float32 (3.0 + float j + Seq.sum (Seq.init size (fun i -> z[i] * mix[i, j])))))

    Features("correlated", Tensor.From(shape [ count; size ], Array.concat rows), Array.zeroCreate count, classNames)

let private rows (features: Features) = [| for i in 0 .. features.Count - 1 -> features.Example(i).ToArray() |> Array.map float |]

let private mean (rows: float[][]) =
    Array.init rows[0].Length (fun j -> rows |> Array.averageBy (fun row -> row[j]))

/// The definition: the mean of products about the means.
let private covariance (rows: float[][]) =
    let m = mean rows

    Array2D.init m.Length m.Length (fun i j -> rows |> Array.averageBy (fun row -> (row[i] - m[i]) * (row[j] - m[j])))

let private near tolerance (actual: float[,]) (expected: int -> int -> float) message =
    actual
    |> Array2D.iteri (fun i j value ->
        Expect.isLessThan (abs (value - expected i j)) tolerance $"{message}: ({i}, {j}) is {value}, not {expected i j}")

let private identity i j = if i = j then 1.0 else 0.0

let private components =
    testList "principal components" [
        testPropertyWithConfig few "they are orthonormal, and the covariance is their variances there"
        <| fun (PositiveInt size) (seed: int) ->
            let size = 1 + size % 8
            let data = correlated seed 60 size
            let found = PrincipalComponents.Of data
            let vector i = found.Component(i).ToArray()

            let product a b =
                Array.fold2 (fun sum a b -> sum + a * b) 0.0 a b

            near 1e-12 (Array2D.init size size (fun i j -> product (vector i) (vector j))) identity "orthonormal"
            let cov = covariance (rows data)
            let scale = Seq.sum [ for i in 0 .. size - 1 -> cov[i, i] ]

            for i in 0 .. size - 1 do
                let v = vector i

                let mapped =
                    Array.init size (fun r -> Seq.sum [ for c in 0 .. size - 1 -> cov[r, c] * v[c] ])

                for r in 0 .. size - 1 do
                    Expect.isLessThan (abs (mapped[r] - found.Variances[i] * v[r])) (1e-10 * scale) "an eigenvector"

                Expect.isTrue (v |> Array.maxBy abs > 0.0) "turned to its positive side"

            let variances = found.Variances.ToArray()
            Expect.equal variances (Array.sortDescending variances) "most first"
            Expect.isLessThan (abs (Array.sum variances - scale)) (1e-10 * scale) "the trace is all variance"
            Expect.isLessThan (abs (found.Explained size - 1.0)) 1e-12 "all of them explain all"

        testPropertyWithConfig few "whitened, the training set has the identity as covariance, and mean 0"
        <| fun (PositiveInt size) (PositiveInt kept) (seed: int) ->
            let size = 1 + size % 6
            let kept = 1 + kept % size
            let data = correlated seed 200 size
            let found = PrincipalComponents.Of data

            for map, count in [ found.Whiten(kept, 0.0), kept; found.WhitenZca 0.0, size ] do
                let white = map.Apply data |> rows
                // f32 rounds what is divided by the smallest deviation
                let rounding = 1e-5 * (1.0 + 20.0 / sqrt found.Variances[count - 1])
                near rounding (covariance white) identity $"{map}"
                Expect.all (mean white) (fun m -> abs m < rounding) $"{map}: mean"
                Expect.hasLength white[0] count "values"

            let projected = found.Project(kept).Apply data |> rows
            near 1e-3 (covariance projected) (fun i j -> identity i j * found.Variances[i]) "projected: the variances themselves"

        testCase "of all whitenings, ZCA is symmetric; epsilon keeps small directions small"
        <| fun () ->
            let data = correlated 5 100 6
            let found = PrincipalComponents.Of data
            let matrix = Whitening.Zca(data, 0.5).Matrix.ToArray<float32>()
            near 1e-6 (Array2D.init 6 6 (fun i j -> float (matrix[6 * i + j] - matrix[6 * j + i]))) (fun _ _ -> 0.0) "symmetric"
            let white = Whitening.Pca(data, 6, 0.5).Apply data |> rows |> covariance
            near 1e-4 white (fun i j -> identity i j * found.Variances[i] / (found.Variances[i] + 0.5)) "variance / (variance + epsilon)"

        testCase "fitted on the training set alone, and applied to any"
        <| fun () ->
            let train, test = correlated 1 50 3, correlated 2 10 3
            let map = Whitening.Pca(train, 2)
            let m = mean (rows train)
            let matrix = map.Matrix.ToArray<float32>()

            for before, after in Array.zip (rows test) (rows (map.Apply test)) do
                for k in 0..1 do
                    let exact =
                        Seq.sum [ for d in 0..2 -> (before[d] - m[d]) * float matrix[2 * d + k] ]

                    Expect.isLessThan (abs (after[k] - exact)) 1e-4 "(x - mean of train) W of train"

            Expect.equal ((map.Apply test).Labels.ToArray()) (test.Labels.ToArray()) "labels stay"

        testCase "images stay images under ZCA, and a value that never changes becomes 0"
        <| fun () ->
            let random = Random 3

            let bytes =
                Array.init (40 * 8) (fun i -> if i % 8 = 5 then 77uy else byte (random.Next 256))

            let images =
                Dataset("images", shape [ 2; 2; 2 ], bytes, Array.zeroCreate 40, classNames)

            let white = Whitening.Zca(images, 0.0).Apply images
            Expect.equal (string white) "images: 40 x [2,2,2], 2 classes" "the shape"
            near 1e-3 (white |> rows |> covariance) (fun i j -> if i = 5 then 0.0 else identity i j) "covariance"
            let scaled = Features.Of(images, Scaling.MeanImage images)
            let again = PrincipalComponents.Of(images, Scaling.MeanImage images)
            Expect.equal (again.Variances.ToArray()) (PrincipalComponents.Of(scaled).Variances.ToArray()) "of scaled images"
            Expect.equal again.Variances[7] 0.0 "no variance"

        testCase "mistakes are told"
        <| fun () ->
            let data = correlated 1 10 3

            let spoilt =
                Features("spoilt", Tensor.From(array2D [ [ 1f; 2f ]; [ nanf; 1f ] ]), [| 0uy; 1uy |], classNames)

            let texts =
                [
                    fun () -> PrincipalComponents.Of(data.Take 0) |> ignore
                    fun () -> PrincipalComponents.Of spoilt |> ignore
                    fun () -> Whitening.Zca(data, 0.1).Apply spoilt |> ignore
                    fun () -> Standardisation.Of(data).Apply spoilt |> ignore
                ]
                |> List.map (fun run -> Expect.throwsC run Mistakes.text)

            Expect.equal
                texts
                [
                    "correlated: expected examples to average over, found none. Fit on the training set."
                    "spoilt: expected finite numbers, found NaN or infinity in their covariance. Look at the data."
                    "ZCA whitening of 3 values, epsilon 0.1: examples must have 3 values, as those that it was fitted to; got spoilt: 2 x [2], 2 classes. Apply it to sets made in the same way."
                    "standardisation: examples must have 3 values, as those that it was fitted to; got spoilt: 2 x [2], 2 classes. Apply it to sets made in the same way."
                ]
                "the texts"

            for run in
                [
                    fun () -> Whitening.Pca(data, 4) |> ignore
                    fun () -> Whitening.Pca(data, 0) |> ignore
                    fun () -> Whitening.Zca(data, -1.0) |> ignore
                ] do
                Expect.throwsT<ArgumentOutOfRangeException> run "out of range"
    ]

let private standardisation =
    testPropertyWithConfig few "standardised, each value has mean 0 and deviation 1 on the training set"
    <| fun (PositiveInt size) (seed: int) ->
        let size = 1 + size % 20
        let data = correlated seed 40 size
        let standard = Standardisation.Of data
        let after = standard.Apply data |> rows
        Expect.all (mean after) (fun m -> abs m < 1e-3) "means"
        let cov = covariance after
        Expect.all [ 0 .. size - 1 ] (fun i -> abs (cov[i, i] - 1.0) < 1e-3) "variances"

        let constant =
            Features("constant", Tensor.From(shape [ 3; 1 ], [| 0.1f; 0.1f; 0.1f |]), Array.zeroCreate 3, classNames)

        let standard = Standardisation.Of constant
        Expect.equal (standard.Deviation.ToArray()) [| 1.0 |] "what never changes"
        Expect.equal (standard.Apply(constant).X.ToArray<float32>()) [| 0f; 0f; 0f |] "becomes 0"

[<Tests>]
let tests = testList "preprocessing" [ components; standardisation ]
