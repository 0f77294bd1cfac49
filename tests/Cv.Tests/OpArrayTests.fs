/// What folds, products and movement compute, against formulas over indices.
module Cv.Tests.OpArrayTests

open System
open Cv.Dsl
open Cv.Tests.Generators
open Cv.Tests.Reference
open Expecto
open FsCheck.FSharp

/// A tensor of these dims and its numbers.
let private filled dims seed =
    f64 "x" dims, numbers seed [ size dims ] |> List.head

let private run (values: float[]) (expr: Expr) = Evaluate.value [ "x", values ] expr

/// Dims, and a set of their axes that is not empty.
let private dimsAndAxes low =
    gen {
        let! dims = dimsOfRanks low 4
        let! count = Gen.choose (1, dims.Length)
        let! axes = Gen.shuffle [| 0 .. dims.Length - 1 |]
        return dims, axes |> Array.truncate count
    }
    |> Arb.fromGen

/// An elementwise property of a random tensor.
let private holds name generator property =
    testProperty name (Prop.forAll (Arb.zip (generator, seed)) property)

let private folds =
    let fold name (reduce: Expr -> int[] * bool -> Expr) (f: float list -> float) =
        holds $"{name} over any axes" (dimsAndAxes 1) (fun ((dims, axes), seed) ->
            let x, values = filled dims seed
            let isFolded axis = Array.contains axis axes
            let kept = dims |> List.mapi (fun axis dim -> if isFolded axis then 1 else dim)

            let lane index =
                index |> List.mapi (fun axis i -> if isFolded axis then 0 else i)

            let lanes = indices dims |> List.groupBy lane |> dict

            let expected =
                tensor kept (fun index -> lanes[index] |> List.ofSeq |> List.map (element dims values) |> f)

            let keepDims, dropDims = reduce x (axes, true), reduce x (axes, false)
            Expect.equal keepDims.Shape (shape kept) "the axes stay as dims of 1"

            Expect.equal
                dropDims.Shape
                (dims
                 |> List.indexed
                 |> List.filter (fst >> isFolded >> not)
                 |> List.map snd
                 |> shape)
                "the axes vanish"

            sameNumbers (run values keepDims) expected "the elements"
            sameNumbers (run values dropDims) expected "the elements, without the axes")

    let odd =
        matrix [ [ 1.0; nan; 3.0 ]; [ -infinity; -infinity; -infinity ]; [ 2.0; infinity; 2.0 ] ]

    testList "folds" [
        fold "sum" (fun x (axes, keep) -> x.Sum(axes, keep)) (List.fold (+) 0.0)
        fold "mean" (fun x (axes, keep) -> x.Mean(axes, keep)) (fun lane -> List.fold (+) 0.0 lane / float lane.Length)
        fold "max" (fun x (axes, keep) -> x.Max(axes, keep)) List.max
        fold "min" (fun x (axes, keep) -> x.Min(axes, keep)) List.min

        holds "no axis named is all of them" knownDims (fun (dims, seed) ->
            let x, values = filled dims seed
            Expect.equal (x.Sum()).Shape Shape.Scalar "a scalar"
            sameNumbers (run values (x.Sum())) [ Array.fold (+) 0.0 values ] "the sum")

        gives "NaN and infinities, largest" (odd.Max 1) [ 3 ] [ nan; -infinity; infinity ]
        gives "NaN and infinities, smallest" (odd.Min 1) [ 3 ] [ nan; -infinity; 2.0 ]
        gives "NaN and infinities, sum" (odd.Sum 1) [ 3 ] [ nan; -infinity; infinity ]
        gives "a sum of nothing is 0" (Expr.Literal(shape [ 2; 0 ], [||], DType.F64).Sum 1) [ 2 ] [ 0.0; 0.0 ]
        gives "a mean of nothing is NaN" (Expr.Literal(shape [ 0 ], [||], DType.F64).Mean()) [] [ nan ]
        gives "the largest integer" ((vector [ -3.0; -2.0; -7.0 ]).Cast(DType.I32).Max()) [] [ -2.0 ]
    ]

let private places =
    testList "argmax" [
        holds "is where the largest stands" (dimsAndAxes 1) (fun ((dims, axes), seed) ->
            let x, values = filled dims seed
            let axis = axes[0]
            let kept = List.removeAt axis dims

            let expected =
                tensor kept (fun index ->
                    [ 0 .. dims[axis] - 1 ]
                    |> List.maxBy (fun i -> element dims values (List.insertAt axis i index))
                    |> float)

            let y = x.ArgMax(axis - dims.Length)
            Expect.equal y.Type (TensorType(DType.I32, shape kept)) "the type"
            sameNumbers (run values y) expected "the places")

        gives "is the first of several" ((matrix [ [ 1.0; 3.0; 3.0 ]; [ 2.0; 2.0; 2.0 ]; [ -infinity; -infinity; -infinity ] ]).ArgMax 1) [
            3
        ] [ 1.0; 0.0; 0.0 ]
        gives "is the first NaN if there is one" ((matrix [ [ 1.0; nan; infinity ]; [ nan; 9.0; nan ]; [ 0.0; 1.0; nan ] ]).ArgMax 1) [ 3 ] [
            1.0
            0.0
            2.0
        ]
        gives "finds integers too" ((vector [ 4.0; 9.0; 9.0 ]).Cast(DType.I32).ArgMax 0) [] [ 1.0 ]
    ]

let private products =
    let sizes = Gen.elements [ 0; 1; 1; 2; 3; 5; 7 ]

    let operands =
        gen {
            let! batch = dimsOfRanks 0 2
            let! m, k, n = Gen.zip3 sizes sizes sizes
            return batch, m, k, n
        }
        |> Arb.fromGen

    testList "matmul" [
        holds "is the sum over the inner size, for each matrix of a batch" operands (fun ((batch, m, k, n), seed) ->
            let left, right = batch @ [ m; k ], batch @ [ k; n ]
            let values = numbers seed [ size left; size right ]

            let expected =
                tensor (batch @ [ m; n ]) (fun index ->
                    let at, (row, column) =
                        List.take batch.Length index, (index[batch.Length], index[batch.Length + 1])

                    (0.0, [ 0 .. k - 1 ])
                    ||> List.fold (fun sum i ->
                        sum
                        + element left values[0] (at @ [ row; i ])
                          * element right values[1] (at @ [ i; column ])))

            let y = (f64 "a" left).MatMul(f64 "b" right)
            Expect.equal y.Shape (shape (batch @ [ m; n ])) "the shape"
            sameNumbers (Evaluate.value [ "a", values[0]; "b", values[1] ] y) expected "the elements")

        gives "by hand" ((matrix [ [ 1.0; 2.0; 3.0 ]; [ 4.0; 5.0; 6.0 ] ]).MatMul(matrix [ [ 7.0; 8.0 ]; [ 9.0; 10.0 ]; [ 11.0; 12.0 ] ])) [
            2
            2
        ] [ 58.0; 64.0; 139.0; 154.0 ]
        gives "lets 0 times infinity be NaN" ((matrix [ [ 0.0; 1.0 ] ]).MatMul(matrix [ [ infinity ]; [ 1.0 ] ])) [ 1; 1 ] [ nan ]
    ]

let private movement =
    testList "movement" [
        holds "transpose permutes the axes" (Arb.fromGen (dimsOrEmpty 0 4)) (fun (dims, seed) ->
            let x, values = filled dims seed
            let order = Array.init dims.Length id
            Random(seed).Shuffle order
            let y = x.Transpose order
            let permuted = [ for axis in order -> dims[axis] ]

            let original index =
                List.init dims.Length (fun axis -> List.item (Array.IndexOf(order, axis)) index)

            Expect.equal y.Shape (shape permuted) "the shape"
            sameNumbers (run values y) (tensor permuted (original >> element dims values)) "the elements")

        holds "T swaps the last two axes" (Arb.fromGen (dimsOfRanks 2 4)) (fun (dims, _) ->
            let x = f64 "x" dims
            let order = [| yield! [ 0 .. dims.Length - 3 ]; dims.Length - 1; dims.Length - 2 |]
            Object.ReferenceEquals(x.T(), x.Transpose order))

        holds "reshape keeps the order of the elements" knownDims (fun (dims, seed) ->
            let x, values = filled dims seed
            let flat = x.Reshape(shape [ size dims ])
            Expect.equal flat.Shape (shape [ size dims ]) "the shape"
            sameNumbers (run values flat) values "the elements")

        holds "reshape finds the dim that is -1" (Arb.fromGen (dimsOfRanks 1 4)) (fun (dims, seed) ->
            let x = f64 "x" dims
            let axis = seed % dims.Length
            let y = x.Reshape(Array.ofList (1 :: List.updateAt axis -1 dims))
            Expect.equal y.Shape (shape (1 :: dims)) "the shape")

        testCase "reshape finds the symbol that is -1"
        <| fun () ->
            let x = Expr.Input("x", shapeOf [ Dim "N"; Dim 28; Dim 28; Dim 1 ])
            Expect.equal (x.Reshape(-1, 784)).Shape (shapeOf [ Dim "N"; Dim 784 ]) "the batch stays"

        holds "broadcast repeats" (dimsAndAxes 1) (fun ((dims, axes), seed) ->
            let narrow =
                dims |> List.mapi (fun axis dim -> if Array.contains axis axes then 1 else dim)

            let x, values = filled narrow seed
            sameNumbers (run values (x.BroadcastTo(shape dims))) (tensor dims (element narrow values)) "the elements"
            let scalar, value = filled [] seed
            sameNumbers (run value (scalar.BroadcastTo(shape dims))) (Array.replicate (size dims) value[0]) "of a scalar")

        holds "slice takes every step-th index" (dimsAndAxes 1) (fun ((dims, axes), seed) ->
            let x, values = filled dims seed
            let axis, random = axes[0], Random seed
            let start, step = random.Next dims[axis], 1 + random.Next 3
            let count = random.Next((dims[axis] - start + step - 1) / step + 1)
            let taken = List.updateAt axis count dims
            let y = x.Slice(axis, start, count, step)

            let source index =
                List.updateAt axis (start + step * List.item axis index) index

            Expect.equal y.Shape (shape taken) "the shape"
            sameNumbers (run values y) (tensor taken (source >> element dims values)) "the elements")

        holds "pad puts zeros before, after and between" (dimsAndAxes 1) (fun ((dims, axes), seed) ->
            let x, values = filled dims seed
            let axis, random = axes[0], Random seed
            let low, high, between = random.Next 3, random.Next 3, random.Next 3
            let y = x.Pad(axis, low, high, between)

            let padded =
                List.updateAt axis (low + high + dims[axis] + (dims[axis] - 1) * between) dims

            let source index =
                let i = List.item axis index - low

                if i >= 0 && i % (between + 1) = 0 && i / (between + 1) < dims[axis] then
                    element dims values (List.updateAt axis (i / (between + 1)) index)
                else
                    0.0

            Expect.equal y.Shape (shape padded) "the shape"
            sameNumbers (run values y) (tensor padded source) "the elements")

        holds "concat puts one after the other" (dimsAndAxes 1) (fun ((dims, axes), seed) ->
            let axis = axes[0]
            let extents = [ dims[axis]; 0; 1; 3 ]
            let parts = extents |> List.map (fun extent -> List.updateAt axis extent dims)
            let values = numbers seed (List.map size parts)
            let names = parts |> List.mapi (fun i _ -> $"p{i}")
            let y = Expr.Concat(axis, List.map2 f64 names parts |> Array.ofList)
            let starts = List.scan (+) 0 extents

            let source index =
                let i = List.item axis index

                let part =
                    List.findIndexBack (fun start -> start <= i) (List.take extents.Length starts)

                element parts[part] values[part] (List.updateAt axis (i - starts[part]) index)

            let joined = List.updateAt axis (List.sum extents) dims
            Expect.equal y.Shape (shape joined) "the shape"
            sameNumbers (Evaluate.value (List.zip names values) y) (tensor joined source) "the elements")
    ]

let private labels =
    let labels = (vector [ 2.0; 0.0; -1.0; 3.0 ]).Cast DType.I32

    let scores =
        matrix [ [ 1.0; 2.0; 3.0 ]; [ 4.0; 5.0; 6.0 ]; [ 7.0; 8.0; 9.0 ]; [ nan; nan; nan ] ]

    testList "labels" [
        gives "one_hot marks the class, and nothing for a label out of range" (labels.OneHot 3) [ 4; 3 ] [
            0.0
            0.0
            1.0
            1.0
            0.0
            0.0
            0.0
            0.0
            0.0
            0.0
            0.0
            0.0
        ]
        gives "one_hot of one label" ((Expr.Const(1.0, DType.I32)).OneHot 2) [ 2 ] [ 0.0; 1.0 ]
        gives "pick takes the score of the label" (scores.Pick labels) [ 4 ] [ 3.0; 4.0; 0.0; 0.0 ]
    ]

[<Tests>]
let tests = testList "ops" [ folds; places; products; movement; labels ]
