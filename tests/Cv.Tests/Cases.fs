/// Random valid nodes of every op: shapes of rank 0 to 4, extents of 1 and distinct primes, all numbers f64.
module Cv.Tests.Cases

open System
open Cv.Dsl
open Cv.Tests.Generators
open Cv.Tests.Reference
open FsCheck
open FsCheck.FSharp

/// A graph, as a counter-example prints it.
type Case(y: Expr) =
    member _.Y = y
    override _.ToString() = Evaluate.text [ y ]

let private x dims = f64 "x" dims

/// An op of one operand of any shape.
let private one (op: Expr -> Expr) = Gen.map (x >> op) (dimsOfRanks 0 4)

/// An op of two operands that broadcast.
let private two (op: Expr -> Expr -> Expr) =
    broadcastableDims 2
    |> Gen.map (fun parts -> op (f64 "a" parts[0]) (f64 "b" parts[1]))

/// An op of a shape, one of its axes, and three small numbers.
let private alongAxis (op: int list -> int -> int -> int -> int -> Expr) =
    gen {
        let! dims = dimsOfRanks 1 4
        let! axis = Gen.choose (0, dims.Length - 1)
        let! i, j, k = Gen.zip3 (Gen.choose (0, 2)) (Gen.choose (0, 2)) (Gen.choose (0, 2))
        return op dims axis i j k
    }

/// An op of a shape and some of its axes.
let private overAxes (op: Expr -> int[] -> Expr) =
    gen {
        let! dims = dimsOfRanks 1 4
        let! count = Gen.choose (1, dims.Length)
        let! axes = Gen.shuffle [| 0 .. dims.Length - 1 |]
        return op (x dims) (Array.truncate count axes)
    }

/// Positive, and bent, so that a derivative that forgets its operand shows.
let private positive (x: Expr) = x * x + 0.5

let private slice dims axis start count step =
    let count = min count ((List.item axis dims - start + step) / (step + 1) |> max 0)
    let start = min start (List.item axis dims - 1)
    (x dims).Slice(axis, start, (if count = 0 then 1 else count), step + 1)

let private matmul =
    gen {
        let! batch = dimsOfRanks 0 2

        let! m, k, n =
            Gen.zip3 (Gen.elements [ 1; 2; 5 ]) (Gen.elements [ 1; 3; 7 ]) (Gen.elements [ 1; 3; 4 ])

        return (f64 "a" (batch @ [ m; k ])).MatMul(f64 "b" (batch @ [ k; n ]))
    }

let private select =
    broadcastableDims 3
    |> Gen.map (fun parts ->
        let mask = Expr.op_GreaterThan (f64 "m" parts[0], 0.0)
        Expr.Select(mask, f64 "a" parts[1], f64 "b" parts[2]))

let private transpose =
    gen {
        let! dims = dimsOfRanks 0 4
        let! order = Gen.shuffle [| 0 .. dims.Length - 1 |]
        return (x dims).Transpose order
    }

let private reshape =
    gen {
        let! dims = dimsOfRanks 0 4
        let! other = Gen.shuffle (Array.ofList (1 :: dims))
        return (x dims).Reshape other
    }

let private broadcast =
    gen {
        let! dims = dimsOfRanks 0 4
        let! kept = Gen.listOfLength dims.Length (Gen.elements [ true; false ])
        let! scalar = Gen.elements [ true; false; false ]
        let narrow = List.map2 (fun dim keep -> if keep then dim else 1) dims kept
        return Expr.Of(Broadcast(shape dims), [| x (if scalar then [] else narrow) |])
    }

let private concat dims axis i j k =
    let part number extent =
        f64 $"p{number}" (List.updateAt axis extent dims)

    Expr.Concat(axis, part 0 (1 + i), part 1 (1 + j), part 2 (1 + k), part 0 (1 + i))

/// Windows along an axis: of any size, stride, padding and dilation that fit, padding alone among what they cover.
let window extent =
    gen {
        let! low, high = Gen.zip (Gen.choose (0, 2)) (Gen.choose (0, 2))
        let! dilation = Gen.elements [ 1; 1; 2 ]
        let! size = Gen.choose (1, min 3 ((extent + low + high - 1) / dilation + 1))
        let! stride = Gen.choose (1, 3)
        return Window(size, stride, low, high, dilation)
    }

/// Windows that each cover a pixel, as a maximum wants it.
let seeingWindow extent =
    gen {
        let! dilated = Gen.elements [ true; false; false ]

        if dilated then
            let! stride = Gen.choose (1, 3)
            return Window(min 2 ((extent - 1) / 2 + 1), stride, 0, 0, 2)
        else
            let! size = Gen.choose (1, min 3 extent)
            let! low, high = Gen.zip (Gen.choose (0, size - 1)) (Gen.choose (0, size - 1))
            let! stride = Gen.choose (1, 3)
            return Window(size, stride, low, high)
    }

/// Images [n; h; w; c] and windows over them.
let private imagesOf windows =
    gen {
        let! n, h = Gen.zip (Gen.elements [ 1; 2 ]) (Gen.elements [ 1; 3; 4; 5 ])
        let! w, c = Gen.zip (Gen.elements [ 1; 2; 5 ]) (Gen.elements [ 1; 2; 3 ])

        let! y = windows h
        let! x = windows w
        return [ n; h; w; c ], y, x
    }

let private counts (dims: int list) (y: Window) (x: Window) channels = [ dims[0]; y.Count dims[1]; x.Count dims[2]; channels ]

/// Convolutions in one group, in several, and depthwise: images, filters, results.
let convolution (op: Window -> Window -> int -> int list -> int list -> int list -> 'a) =
    gen {
        let! dims, y, x = imagesOf window
        let! groups, each = Gen.zip (Gen.elements [ 1; 1; 2; 3 ]) (Gen.elements [ 1; 2; 3 ])
        let dims = List.updateAt 3 (dims[3] * groups) dims
        let filters = [ y.Size; x.Size; dims[3] / groups; each * groups ]
        return op y x groups dims filters (counts dims y x (each * groups))
    }

/// Pools: windows, images, results.
let pool windows (op: Window -> Window -> int list -> int list -> 'a) =
    gen {
        let! dims, y, x = imagesOf windows
        return op y x dims (counts dims y x dims[3])
    }

let private conv2d y x groups dims filters _ =
    Expr.Of(Conv2d(y, x, groups), [| f64 "x" dims; f64 "w" filters |])

let private conv2dInput y x groups (dims: int list) filters results =
    Expr.Of(Conv2dInput(y, x, groups, dims[1], dims[2]), [| f64 "y" results; f64 "w" filters |])

let private conv2dWeights y x groups dims _ results =
    Expr.Of(Conv2dWeights(y, x, groups), [| f64 "x" dims; f64 "y" results |])

let private sumPool2dInput y x (dims: int list) results =
    Expr.Of(SumPool2dInput(y, x, dims[1], dims[2]), [| f64 "y" results |])

let private part =
    gen {
        let! dims = dimsOfRanks 0 3
        let! index = Gen.choose (0, 1)
        let a, b = f64 "a" dims, f64 "b" [ 2 ]
        return Expr.Of(Part(Parts.Of(ReadOnlySpan [| a.Type; b.Type |]), index), [| Expr.Of(Pack(), [| a; b |]) |])
    }

/// One state through a sequence of any number of steps, either way: the last state or all outputs.
let private scan =
    gen {
        let! dims = dimsOfRanks 0 3
        let! steps = Gen.elements [ 1; 3; 4 ]

        let! back, all =
            Gen.zip (Gen.elements [ false; true ]) (Gen.elements [ false; true ])

        let w = f64 "w" dims

        let body =
            Func<Expr[], Expr[], struct (Expr[] * Expr[])>(fun s x -> struct ([| (s[0] * w + x[0]).Sin() |], [| s[0] * x[0] |]))

        let struct (last, outputs) =
            Expr.Scan([| f64 "h" dims |], [| f64 "xs" (steps :: dims) |], body, back)

        return if all then outputs[0] else last[0]
    }

/// Two states and two sequences, of different shapes.
let private scanOfTwo =
    gen {
        let! rows, columns = Gen.zip (Gen.elements [ 1; 2; 5 ]) (Gen.elements [ 1; 3 ])
        let! steps = Gen.elements [ 0; 2; 5 ]
        let w = f64 "w" [ columns; columns ]

        let body =
            Func<Expr[], Expr[], struct (Expr[] * Expr[])>(fun s x ->
                let h = (s[0].MatMul w + x[0]).Tanh()
                struct ([| h; s[1] * 0.5 + h.Sum() * x[1] |], [| h |]))

        let struct (last, outputs) =
            Expr.Scan([| f64 "h" [ rows; columns ]; f64 "c" [] |], [| f64 "xs" [ steps; rows; columns ]; f64 "us" [ steps ] |], body, false)

        return last[1] + last[0].Sum() + (outputs[0] * outputs[0]).Sum()
    }

/// Each op through which gradients flow.
let differentiable: (Type * Gen<Expr> list) list = [
    typeof<Abs>, [ one _.Abs() ]
    typeof<Add>, [ two (fun a b -> a + b) ]
    typeof<Broadcast>, [ broadcast ]
    typeof<Cast>, [ one (fun x -> Expr.Of(Cast DType.F64, [| x |])) ]
    typeof<Checkpoint>, [ two (fun a b -> Expr.Checkpoint((fun v -> v[0].Tanh() * v[1] + b), a, b)) ]
    typeof<Concat>, [ alongAxis concat ]
    typeof<Conv2d>, [ convolution conv2d ]
    typeof<Conv2dInput>, [ convolution conv2dInput ]
    typeof<Conv2dWeights>, [ convolution conv2dWeights ]
    typeof<Cos>, [ one _.Cos() ]
    typeof<Custom>, [ two (fun a b -> (Gate.Custom(TensorRule("bent", 2, Forward = fun x -> x[0] * x[1].Tanh()))).Of(a, b)) ]
    typeof<Delay>, [ two (fun a b -> (a * a).Delay(b.Sin()).Tanh()); two (fun a b -> a.Delay b) ]
    typeof<Div>, [ two (fun a b -> a / b) ]
    typeof<Erf>, [ one _.Erf() ]
    typeof<Exp>, [ one _.Exp() ]
    typeof<Expm1>, [ one _.Expm1() ]
    typeof<Flip>, [ alongAxis (fun dims axis _ _ _ -> (x dims).Flip axis) ]
    typeof<Gated>,
    [
        one _.Swish()
        two (fun a b -> (Gate.Define("bent", fun (x: float) z -> if x > z then x * z else Math.Cosh x)).Of(a, b))
    ]
    typeof<Log>, [ one (positive >> _.Log()) ]
    typeof<Log1p>, [ one (positive >> _.Log1p()) ]
    typeof<MatMul>, [ matmul ]
    typeof<MaxPool2d>,
    [
        pool seeingWindow (fun y x dims _ -> Expr.Of(MaxPool2d(y, x), [| f64 "x" dims; f64 "x" dims |]))
        pool seeingWindow (fun y x dims _ -> Expr.Of(MaxPool2d(y, x), [| f64 "x" dims; f64 "values" dims |]))
    ]
    typeof<MaxPool2dInput>,
    [ pool seeingWindow (fun y x dims results -> Expr.Of(MaxPool2dInput(y, x), [| f64 "x" dims; f64 "y" results |])) ]
    typeof<Maximum>, [ two _.Maximum ]
    typeof<Minimum>, [ two _.Minimum ]
    typeof<Mul>, [ two (fun a b -> a * b) ]
    typeof<Neg>, [ one (~-) ]
    typeof<Norm>, [ overAxes (fun x axes -> x.Norm(axes, true)) ]
    typeof<Pack>,
    [
        dimsOfRanks 0 3
        |> Gen.map (fun dims -> Expr.Of(Pack(), [| f64 "a" dims; f64 "b" [ 2 ] |]))
    ]
    typeof<Pad>, [ alongAxis (fun dims axis low high between -> (x dims).Pad(axis, low, high, between)) ]
    typeof<Part>, [ part ]
    typeof<Pow>, [ two (fun a b -> (positive a).Pow b); one _.Pow(3.0); one (positive >> _.Pow(-1.5)) ]
    typeof<ReduceMax>, [ overAxes (fun x axes -> x.Max(axes, true)) ]
    typeof<ReduceMin>, [ overAxes (fun x axes -> x.Min(axes, true)) ]
    typeof<ReduceSum>, [ overAxes (fun x axes -> x.Sum(axes, true)) ]
    typeof<Remember>, [ one (fun x -> x.Remember(Expr.State("s", shape [ 2 ], 0.0, DType.F64), vector [ 1.0; 2.0 ])) ]
    typeof<Reshape>, [ reshape ]
    typeof<Scan>, [ scan; scanOfTwo ]
    typeof<Select>, [ select ]
    typeof<Sigmoid>, [ one _.Sigmoid() ]
    typeof<Sin>, [ one _.Sin() ]
    typeof<Slice>, [ alongAxis slice ]
    typeof<Sqrt>, [ one (positive >> _.Sqrt()) ]
    typeof<StraightThrough>, [ one (fun x -> x.Sin().StraightThrough(x.Sin())) ]
    typeof<Sub>, [ two (fun a b -> a - b) ]
    typeof<SumPool2d>, [ pool window (fun y x dims _ -> Expr.Of(SumPool2d(y, x), [| f64 "x" dims |])) ]
    typeof<SumPool2dInput>, [ pool window sumPool2dInput ]
    typeof<Tanh>, [ one _.Tanh() ]
    typeof<Transpose>, [ transpose ]
    typeof<Variance>, [ overAxes (fun x axes -> x.Variance(axes, true)) ]
    typeof<WhenTraining>,
    [
        dimsOfRanks 0 4
        |> Gen.map (fun dims -> (f64 "a" dims).WhenTraining(f64 "b" dims))
    ]
]

let private isTrue (x: Expr) = Expr.op_GreaterThan (x, 0.0)
let private integers (x: Expr) = (x * 4.0).Cast DType.I32

/// A comparison, of floats and of integers that tie.
let private compared (op: Expr -> Expr -> Expr) = [ two op; two (fun a b -> op (integers a) (integers b)) ]

let private leaf (make: Shape -> Expr) =
    Gen.map (shape >> make) (dimsOfRanks 0 4)

let private argmax dims axis _ _ _ = (x dims).ArgMax axis

/// Each op through which none flows, but for leaves that have names.
let others: (Type * Gen<Expr> list) list = [
    typeof<And>, [ two (fun a b -> Expr.op_BitwiseAnd (isTrue a, isTrue b)) ]
    typeof<ArgMax>, [ alongAxis argmax; alongAxis (fun dims axis _ _ _ -> (integers (x dims)).ArgMax axis) ]
    typeof<Const>, [ leaf (fun to' -> Expr.Const(2.5, DType.F64).BroadcastTo to') ]
    typeof<Equal>, compared _.EqualTo
    typeof<Extent>, [ leaf (fun dims -> Expr.Of(Extent(dims, DType.F64), [||])) ]
    typeof<Greater>, compared (fun a b -> Expr.op_GreaterThan (a, b))
    typeof<GreaterEqual>, compared (fun a b -> Expr.op_GreaterThanOrEqual (a, b))
    typeof<Iota>, [ alongAxis (fun dims axis _ _ _ -> Expr.Iota(shape dims, axis, DType.F64)) ]
    typeof<Less>, compared (fun a b -> Expr.op_LessThan (a, b))
    typeof<LessEqual>, compared (fun a b -> Expr.op_LessThanOrEqual (a, b))
    typeof<Literal>, [ leaf (fun dims -> Expr.Literal(dims, numbers 1 [ dims.Size ] |> List.head, DType.F64)) ]
    typeof<Not>, [ one (isTrue >> Expr.op_LogicalNot) ]
    typeof<NotEqual>, compared _.NotEqualTo
    typeof<Labels>, [ dimsOfRanks 0 3 |> Gen.map (fun dims -> (integers (x dims)).AsLabels 3) ]
    typeof<OneHot>, [ dimsOfRanks 0 3 |> Gen.map (fun dims -> (integers (x dims)).OneHot 3) ]
    typeof<Or>, [ two (fun a b -> Expr.op_BitwiseOr (isTrue a, isTrue b)) ]
    typeof<Sign>, [ one _.Sign() ]
    typeof<StopGradient>, [ one _.StopGradient() ]
    typeof<Uniform>,
    [
        leaf (fun dims -> Expr.Uniform(dims, Expr.Input("step", shape [], DType.I32), 7u, DType.F64))
        overAxes (fun x axes ->
            (Expr.Uniform(x.Shape, Expr.Input("step", shape [], DType.I32), 7u, DType.F64)
             * x)
                .Sum(axes, true))
    ]
]
