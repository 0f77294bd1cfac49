/// Grows random graphs: chains of gates, folds, products and movement over shared nodes that broadcast.
module Cv.Tests.Graphs

open System
open Cv.Dsl
open Cv.Tests.Generators
open FsCheck
open FsCheck.FSharp

/// A node, and whether it is the same number however it is rounded on the way: a comparison may only look at those.
type private Grown = { Node: Expr; Exact: bool }

let private input name dims = { Node = Expr.Input(name, shape dims); Exact = true }
let private rounded node = { Node = node; Exact = false }

/// One graph in eight has axes long enough for threads to share the work.
let private leaves (random: Random) =
    let extent () =
        if random.Next 8 = 0 then
            random.Next(64, 200)
        else
            random.GetItems([| 1; 2; 3; 5; 7; 8; 16; 17; 33 |], 1)[0]

    let m, k, n = extent (), extent (), extent ()

    [
        input "x" [ m; k ]
        input "y" [ m; k ]
        input "row" [ 1; k ]
        input "column" [ m; 1 ]
        input "w" [ k; n ]
        input "s" []
    ]

let private broadcasts (a: Expr) (b: Expr) =
    a.Shape.Rank = 0
    || b.Shape.Rank = 0
    || a.Shape.Rank = b.Shape.Rank
       && Seq.forall2 (fun (p: Dim) (q: Dim) -> p = q || p.IsOne || q.IsOne) (a.Shape.Dims.ToArray()) (b.Shape.Dims.ToArray())

/// Gates of one's own: of one argument, of two, with a derivative by hand, with a function that runs lane by lane.
let private swish = Gate.Define("swish", (fun (x: float) -> x / (1.0 + exp -x)))

let private bent =
    Gate.Define("bent", (fun (x: float) (y: float) -> if x > y then tanh (x - y) else 0.5 * (x - y)))

let private squash =
    Gate.Define("squash", (fun (x: float) -> x / (1.0 + abs x)), (fun (_: float) (y: float) -> (1.0 - abs y) * (1.0 - abs y)))

let private steep =
    Gate.Define("steep", (fun (x: float) -> atan x + log (1.0 + exp (tanh x))))

/// Bounded, so that no chain runs away to infinity.
let private gate (random: Random) (a: Grown) =
    let x = a.Node

    /// Drawn by one of two keys, so that draws are shared here and there.
    let uniform () =
        Expr.Uniform(x.Shape, Expr.Input("step", Shape.Scalar, DType.I32), uint32 (random.Next 2))

    match random.Next 32 with
    | 27 -> rounded (x.Apply swish)
    | 28 -> rounded (x.Apply squash)
    | 29 -> rounded (x.Apply steep)
    | 30 -> rounded (x.Tanh().StraightThrough x)
    | 15 -> rounded (x.Erf())
    | 16 -> rounded (x.Sin())
    | 17 -> rounded (x.Cos())
    | 18 -> rounded ((x.Tanh() * 0.9).Log1p())
    | 19 -> rounded (x.Tanh().Expm1())
    // forms that the passes put into stable ones
    | 20 -> rounded ((1.0 + (x.Tanh() * 6.0).Exp()).Log())
    | 21 -> rounded (x.Sigmoid().Log().Tanh())
    | 22 -> rounded ((1.0 - x.Sigmoid()).Log().Tanh())
    | 23 -> rounded (x.Tanh() / (1.0 + (x.Tanh() * -4.0).Exp()))
    | 24 -> rounded (1.0 - (x.Tanh() - 1.5).Exp())
    // lanes of both sizes in one kernel
    | 25 -> rounded (((x.Cast DType.F64).Tanh() * 0.75).Cast DType.F32)
    | 26 -> { a with Node = x.StopGradient() }
    | 0 -> { a with Node = -x }
    | 1 -> { a with Node = x.Abs() }
    | 2 -> { a with Node = x.Relu() }
    | 3 -> { a with Node = x.Minimum 0.5 }
    | 4 -> rounded (x.Tanh())
    | 5 -> rounded (x.Sigmoid())
    | 6 -> rounded (x.Tanh().Exp())
    | 7 -> rounded ((x.Abs() + 0.5).Log())
    | 8 -> rounded ((x * x + 0.25).Sqrt())
    | 9 -> rounded (x.Tanh().Pow 3.0)
    | 10 -> rounded (x * 0.5 + 1.0)
    | 11 -> rounded (1.0 - x)
    | 12 -> rounded (x / 4.0 - 0.5)
    | 13 -> { a with Node = Expr.Select(Expr.op_GreaterThanOrEqual (uniform (), 0.25), x, x.Like 0) }
    | 14 -> rounded (x * 0.5 + uniform ())
    | _ ->
        if a.Exact then
            { a with Node = x.Sign() }
        else
            rounded (x.LeakyRelu 0.1)

let private binary (random: Random) (a: Grown) (b: Grown) (c: Grown) =
    let x, y = a.Node, b.Node
    let exact = a.Exact && b.Exact

    match random.Next 9 with
    | 8 -> rounded (x.Apply(bent, y))
    | 7 -> rounded ((x.Abs() + 0.5).Pow(y.Tanh()).Tanh())
    | 0 -> rounded (x + y)
    | 1 -> rounded (x - y)
    | 2 -> rounded ((x * y).Tanh())
    | 3 -> rounded (x / (y * y + 0.5))
    | 4 -> { Node = x.Maximum y; Exact = exact }
    | 5 -> { Node = x.Minimum y; Exact = exact }
    | _ ->
        let test =
            if exact then
                Expr.op_LessThan (x, y)
            else
                Expr.op_GreaterThan (c.Node, 0.25)

        { Node = Expr.Select(test, x, y); Exact = exact }

let private axesOf (random: Random) (x: Expr) =
    let axes = [| 0 .. x.Shape.Rank - 1 |]
    random.Shuffle axes
    Array.truncate (1 + random.Next axes.Length) axes

let private fold (random: Random) (a: Grown) =
    let x, axes, keep = a.Node, axesOf random a.Node, random.Next 2 = 0

    let bounded = x.Tanh() * 4.0

    match random.Next 11 with
    | 6 -> rounded (x.LogSumExp(axes, keep))
    | 7 -> rounded (bounded.Exp().Sum(axes, keep).Log())
    | 8 -> rounded (bounded.Exp() / bounded.Exp().Sum(axes, true))
    | 9 when x.Shape.Rank = 2 -> rounded (x.LogSoftmax() * 0.25)
    | 10 when x.Shape.Rank = 2 && x.Shape[1].Value >= 3 ->
        // labels are 0 to 2
        let labels =
            Expr.Input($"labels{x.Shape[0]}", shape [ x.Shape[0].Value ], DType.I32)

        rounded (bounded.Softmax().Pick(labels).Log())
    | 5 -> rounded (x.Variance(axes, keep))
    | 0 -> rounded (x.Sum(axes, keep))
    | 1 -> rounded (x.Mean(axes, keep))
    | 2 -> { a with Node = x.Max(axes, keep) }
    | 3 -> { a with Node = x.Min(axes, keep) }
    | _ when a.Exact -> { a with Node = x.ArgMax(axes[0]).Cast DType.F32 }
    | _ -> rounded (if x.Shape.Rank = 2 then x.Softmax() else x.Sum(axes, keep))

let private move (random: Random) (a: Grown) (b: Grown) =
    let x = a.Node
    let axis = random.Next x.Shape.Rank
    let extent = x.Shape[axis].Value

    let moved =
        match random.Next 8 with
        | 7 -> x.Flip axis
        | 0 when x.Shape.Rank >= 2 -> x.T()
        | 1 -> x.Reshape(x.Shape.Size, 1)
        | 2 -> x.Reshape(shape [ 1; x.Shape.Size ])
        | 3 ->
            let start = random.Next extent
            x.Slice(axis, start, 1 + random.Next(extent - start))
        | 4 -> x.Pad(axis, random.Next 3, random.Next 3, random.Next 2)
        | 5 -> x.BroadcastTo(shape [ for dim in x.Shape.Dims.ToArray() -> if dim.IsOne then 4 else dim.Value ])
        | _ -> Expr.Concat(axis, x, (if b.Node.Shape = x.Shape then b.Node else x), x)

    { Node = moved; Exact = a.Exact && b.Exact }

let private product (a: Grown) (b: Grown) =
    let x, y = a.Node, b.Node
    let scale (inner: int) (node: Expr) = rounded (node * (1.0 / float inner))

    let rows = x.Shape[0].Value

    if rows % 2 = 0 && y.Shape.Rank <> 2 then
        let pair = x.Reshape(2, rows / 2, -1)
        let made = pair.MatMul(pair.Transpose(0, 2, 1))
        scale x.Shape[1].Value (made.Reshape(rows, rows / 2))
    elif y.Shape.Rank = 2 && x.Shape[1] = y.Shape[0] then
        scale x.Shape[1].Value (x.MatMul y)
    elif y.Shape.Rank = 2 && x.Shape[1] = y.Shape[1] then
        scale x.Shape[1].Value (x.MatMul(y.T()))
    else
        scale x.Shape[1].Value (x.MatMul(x.T()))

/// Windows over a matrix, read as one image whose columns are pixels of one channel or two.
let private slide (random: Random) (a: Grown) =
    let rows, columns = a.Node.Shape[0].Value, a.Node.Shape[1].Value
    let channels = if columns % 2 = 0 then 1 + random.Next 2 else 1
    let image = a.Node.Reshape(1, rows, columns / channels, channels)

    let window (extent: int) =
        let size = 1 + random.Next(min 3 extent)
        // one in four is dilated, where there is room
        let dilation = if size < 3 && extent > 2 && random.Next 4 = 0 then 2 else 1
        Window(size, 1 + random.Next 2, (if dilation = 1 then random.Next size else 0), random.Next size, dilation)

    let y, x = window rows, window (columns / channels)

    let filters inner outer =
        Expr.Input($"filters{y.Size}x{x.Size}x{inner}x{outer}", shape [ y.Size; x.Size; inner; outer ])

    let slid =
        match random.Next 5 with
        | 0 when a.Exact -> { a with Node = image.MaxPool2d(y, x) }
        | 1 -> rounded (image.SumPool2d(y, x) * (1.0 / float (y.Size * x.Size)))
        | 2 -> rounded (image.Conv2d(filters 1 (2 * channels), y, x, channels).Tanh())
        | 3 -> rounded (image.ConvTranspose2d(filters 2 channels, 1 + random.Next 2).Tanh())
        | _ ->
            let outer = random.GetItems([| 1; 3; 8; 17 |], 1)[0]
            rounded (image.Conv2d(filters channels outer, y, x).Tanh())

    let made = slid.Node.Shape
    { slid with Node = slid.Node.Reshape(made[1].Value, made[2].Value * made[3].Value) }

let private tooLarge (node: Expr) = node.Shape.Size > 40_000

/// Grows a graph of about so many ops; gives its sinks, at most three, f32. A seed always grows the same one.
let grow (seed: int) steps =
    let random = Random seed
    let pool = ResizeArray(leaves random)

    let any (among: Grown seq) =
        (Array.ofSeq among)[random.Next(Seq.length among)]

    // mostly on what is new, so that chains grow
    let recent () =
        if random.Next 3 = 0 then
            any pool
        else
            any (Seq.skip (max 0 (pool.Count - 4)) pool)

    for _ in 1..steps do
        let a = recent ()
        let partner = any (pool |> Seq.filter (fun b -> broadcasts a.Node b.Node))
        let scalar = pool |> Seq.find (fun g -> g.Node.Shape.Rank = 0)

        let next =
            match random.Next 11, a.Node.Shape.Rank with
            | (0 | 1 | 2), _
            | _, 0 -> gate random a
            | (3 | 4 | 5), _ -> binary random a partner scalar
            | (6 | 7), _ -> fold random a
            | 8, 2 -> product a (any pool)
            | 9, 2 when a.Node.Shape.Size > 0 -> slide random a
            | _ -> move random a (any pool)

        if not (tooLarge next.Node) then
            pool.Add next

    let used = Collections.Generic.HashSet(pool |> Seq.collect _.Node.Operands)

    match
        pool
        |> Seq.map _.Node
        |> Seq.filter (used.Contains >> not)
        |> Seq.filter (fun node -> not (node.Op :? Input))
        |> List.ofSeq
    with
    | [] -> [ pool[pool.Count - 1].Node + 1.0 ]
    | sinks -> sinks |> List.rev |> List.truncate 3

/// A graph, as a counter-example prints it: the seed, the steps, and the nodes.
type Graph(seed: int, steps: int) =
    member _.Seed = seed
    member _.Steps = steps
    member _.Outputs = grow seed steps

    override this.ToString() =
        $"Graph({seed}, {steps})\n{Evaluate.text this.Outputs}"

/// Random graphs, which shrink to fewer steps of the same growth.
let graphs maxSteps =
    Arb.fromGenShrink (
        gen {
            let! seed = Gen.choose (0, Int32.MaxValue)
            let! steps = Gen.choose (1, maxSteps)
            return Graph(seed, steps)
        },
        fun graph ->
            Seq.distinct [ 1; graph.Steps / 2; graph.Steps - 2; graph.Steps - 1 ]
            |> Seq.filter (fun steps -> steps > 0 && steps < graph.Steps)
            |> Seq.map (fun steps -> Graph(graph.Seed, steps))
    )

/// Those leaves of a loss that a gradient reaches, once each.
let reached (loss: Expr) =
    Evaluate.named [ loss ]
    |> List.map snd
    |> List.distinct
    |> List.filter (fun leaf ->
        try
            Cv.Compiler.Gradient.Of(loss, leaf) |> ignore
            true
        with :? GraphException ->
            false)

/// A scalar of all the outputs, in which none hides another.
let lossOf (outputs: Expr list) =
    outputs
    |> List.mapi (fun i y -> (y * (0.5 + float i)).Tanh().Sum() * 0.1)
    |> List.reduce (fun a b -> a + b)

/// The gradients of that scalar by every leaf that it reaches.
let gradientsOf (outputs: Expr list) =
    let loss = lossOf outputs
    Cv.Compiler.Gradient.Of(loss, Array.ofList (reached loss)) |> List.ofSeq
