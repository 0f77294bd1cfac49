/// Whole Jacobians and Hessians, products with them, and derivatives of derivatives.
module Cv.Tests.DerivativeTests

open Cv.Compiler
open Cv.Dsl
open Cv.Tests.Cases
open Cv.Tests.ErrorTextTests
open Cv.Tests.Generators
open Expecto
open FsCheck
open FsCheck.FSharp

let private leavesOf (y: Expr) =
    Evaluate.named [ y ]
    |> List.distinct
    |> List.filter (fun (_, leaf) -> leaf.DType = DType.F64)

let private close tolerance (a: float) (b: float) =
    a.Equals b || abs (a - b) <= tolerance * max 1.0 (max (abs a) (abs b))

let private near tolerance what (a: float[]) (b: float[]) =
    if not (Array.forall2 (close tolerance) a b) then
        failtestf "%s\n%A\nand\n%A" what a b

let private x = Expr.Input("x", shape [ 3 ], DType.F64)
let private v = Expr.Input("v", shape [ 3 ], DType.F64)
let private at = [ "x", [| 0.5; -1.0; 2.0 |]; "v", [| 1.0; 0.25; -2.0 |] ]

/// Tries an op's random cases, fewer where a case is dear.
let private each count name (cases: Gen<Expr>) (check: int -> Expr -> unit) =
    let config = { FsCheckConfig.defaultConfig with maxTest = count }

    testPropertyWithConfig
        config
        name
        (Prop.forAll (Arb.zip (Arb.fromGen (Gen.map Case cases), seed)) (fun (case, seed) -> check seed case.Y))

let private ofEachOp count check = [
    for op, cases in differentiable do
        yield!
            cases
            |> List.mapi (fun i cases -> each count (if i = 0 then op.Name else $"{op.Name} {i + 1}") cases check)
]

/// Column by column and row by row, the Jacobian is one.
let private jacobians =
    let isOne seed (y: Expr) =
        for _, leaf in leavesOf y do
            if y.Shape.Size * leaf.Shape.Size <= 1500 then
                let forward = Jacobian.Forward(y, leaf, Unreached.Zero)
                let reverse = Jacobian.Reverse(y, leaf, Unreached.Zero)
                Expect.equal forward.Shape (shape (Array.append (y.Shape.ToArray()) (leaf.Shape.ToArray()))) "shape"
                Expect.equal reverse.Type forward.Type "type"
                let bindings = Evaluate.randomBindings seed [ y ]
                near 1e-12 $"of\n{Evaluate.text [ y ]}" (Evaluate.value bindings forward) (Evaluate.value bindings reverse)

    testList "jacobian" [
        testList "ops" (ofEachOp 15 isOne)

        testCase "of a product by its factor"
        <| fun () ->
            let a = Expr.Input("a", shape [ 2; 2 ], DType.F64)
            let b = Expr.Input("b", shape [ 2; 1 ], DType.F64)
            let values = [ "a", [| 1.0; 2.0; 3.0; 4.0 |]; "b", [| 5.0; 6.0 |] ]
            let expected = [| 5.0; 6.0; 0.0; 0.0; 0.0; 0.0; 5.0; 6.0 |]

            for jacobian in [ Jacobian.Forward(a.MatMul b, a); Jacobian.Reverse(a.MatMul b, a) ] do
                Expect.equal jacobian.Shape (shape [ 2; 1; 2; 2 ]) "shape"
                Expect.sequenceEqual (Run.interpreted [ jacobian ] values).Head expected "interpreted"
                Expect.sequenceEqual (Run.compiled VectorWidth.Bits256 1 [ jacobian ] values).Head expected "compiled"

        testCase "its graph does not grow with the directions"
        <| fun () ->
            let size n =
                let x = Expr.Input("x", shape [ n ], DType.F64)
                (Expr.Nodes(Jacobian.Forward((x * x).Tanh(), x))).Length

            Expect.equal (size 50) (size 5) "nodes"
    ]

let private hessians =
    let cubes = x.Pow(3.0).Sum()
    let w = Expr.Input("w", shape [ 3; 2 ], DType.F64)
    let net = (x.Reshape(1, 3).MatMul(w).Tanh() ** 2.0).Sum() * x.Sum()
    let values = ("w", [| 0.5; -0.25; 1.0; 0.75; -1.5; 0.3 |]) :: at

    testList "hessian" [
        testCase "of cubes"
        <| fun () -> Expect.sequenceEqual (Evaluate.value at (Hessian.Of(cubes, x))) [ 3.0; 0.0; 0.0; 0.0; -6.0; 0.0; 0.0; 0.0; 12.0 ] "6 x"

        testCase "is symmetric"
        <| fun () ->
            let hessian = Hessian.Of(net, w).Reshape(6, 6)
            near 1e-13 "H and its transpose" (Evaluate.value values hessian) (Evaluate.value values (hessian.T()))

        testCase "its blocks are each other's transpose"
        <| fun () ->
            let block = Hessian.Of(net, x, w)
            Expect.equal block.Shape (shape [ 3; 3; 2 ]) "shape"
            let other = Hessian.Of(net, w, x).Reshape(6, 3).T()
            near 1e-13 "blocks" (Evaluate.value values block) (Evaluate.value values other)

        testCase "times a vector is its product with it, blocks and all"
        <| fun () ->
            let u = Expr.Input("u", w.Shape, DType.F64)
            let values = ("u", [| 1.0; -1.0; 0.5; 0.25; -0.75; 2.0 |]) :: values
            let product = Hessian.Times(net, [| x; w |], [| v; u |])
            let v, u = v.Reshape(3, 1), u.Reshape(6, 1)
            let byX = Hessian.Of(net, x).MatMul v + Hessian.Of(net, x, w).Reshape(3, 6).MatMul u

            let byW =
                Hessian.Of(net, w, x).Reshape(6, 3).MatMul v
                + Hessian.Of(net, w).Reshape(6, 6).MatMul u

            near 1e-12 "by x" (Evaluate.value values product[0]) (Evaluate.value values byX)
            near 1e-12 "by w" (Evaluate.value values product[1]) (Evaluate.value values byW)

        testCase "of what is linear is zero"
        <| fun () ->
            Expect.sequenceEqual (Evaluate.value at (Hessian.Of(x.Sum(), x))) (Array.zeroCreate 9) "whole"
            Expect.sequenceEqual (Evaluate.value at (Hessian.Times(x.Sum(), [| x |], [| v |])[0])) [ 0.0; 0.0; 0.0 ] "product"

        testCase "reverse over reverse is forward over reverse"
        <| fun () ->
            let gradient = Gradient.Of(net, w)[0]
            let u = Expr.Input("u", w.Shape, DType.F64)
            let values = ("u", [| 1.0; -1.0; 0.5; 0.25; -0.75; 2.0 |]) :: values
            let reverse = Vjp.Of(gradient, u, [| w |])[0]
            let forward = Hessian.Times(net, [| w |], [| u |])[0]
            near 1e-12 "H u" (Evaluate.value values reverse) (Evaluate.value values forward)

        testCase "compiled as interpreted"
        <| fun () ->
            let outputs = [ Hessian.Of(net, w); Hessian.Times(net, [| x |], [| v |])[0] ]
            Expect.isTrue (Run.near 1e-12 (Run.compiled VectorWidth.Bits256 2 outputs values) (Run.interpreted outputs values)) "values"
    ]

/// A scalar of all elements of a node that bends, so that its third derivative is not that of the op alone.
let private bent (y: Expr) = (y * y * 0.25 + y).Mean()

/// The third derivative along a direction: three times forward, three times back, and as the change of the second, by the five-point formula.
let private third seed (y: Expr) =
    let leaves = leavesOf y
    let nodes = [| for _, leaf in leaves -> leaf |]
    let tangents = [| for name, leaf in leaves -> Expr.Input("d" + name, leaf.Shape, DType.F64) |]

    let forward (f: Expr) =
        Jvp.Of(f, nodes, tangents, Unreached.Zero)

    let back (f: Expr) =
        Seq.map2 (fun (g: Expr) (t: Expr) -> (g * t).Sum()) (Gradient.Of(f, nodes, Unreached.Zero)) tangents
        |> Seq.reduce (fun (a: Expr) b -> a + b)

    let loss = bent y
    let second = forward (forward loss)
    let both = [ forward second; back (back (back loss)) ]
    let bindings = Evaluate.randomBindings seed (y :: List.ofArray tangents)

    let shifted (offset: float) =
        Evaluate.item (Evaluate.moved offset bindings) second

    let h = 1e-4

    let change =
        (8.0 * (shifted h - shifted -h) - (shifted (2.0 * h) - shifted (-2.0 * h)))
        / (12.0 * h)

    let values = both |> List.map (Evaluate.item bindings)

    for value, how in List.zip values [ "forward"; "back" ] do
        Expect.floatClose { absolute = 1e-7; relative = 1e-6 } value change $"{how}, of\n{Evaluate.text [ y ]}"

/// Passed straight through, a value is one thing and its derivatives another's.
let private straightThrough =
    let rounded = x.Sign().StraightThrough(x * x)
    let values = [ "x", [| 0.5; -1.0; 2.0 |]; "v", [| 1.0; 0.25; -2.0 |] ]

    testList "straight through" [
        for name, make, expected in
            [
                "the value is the first's", (fun () -> rounded), [| 1.0; -1.0; 1.0 |]
                "the gradient is the second's", (fun () -> Gradient.Of(rounded.Sum(), x)[0]), [| 1.0; -2.0; 4.0 |]
                "forward as well", (fun () -> Jvp.Of(rounded, [| x |], [| v |])), [| 1.0; -0.5; -8.0 |]
                "and of the second order", (fun () -> Hessian.Times(rounded.Sum(), [| x |], [| v |])[0]), [| 2.0; 0.5; -4.0 |]
            ] do
            testCase name (fun () ->
                let y = make ()
                Expect.sequenceEqual (Run.interpreted [ y ] values).Head expected "interpreted"
                Expect.sequenceEqual (Run.compiled VectorWidth.Bits256 1 [ y ] values).Head expected "compiled")

        testCase "a value that was broadcast keeps its shape beside what gets the gradient"
        <| fun () ->
            let y = (x.Like(2.0).BroadcastTo x.Shape).StraightThrough x
            let wide = (x.Reshape(3, 1).BroadcastTo(shape [ 3; 2 ]))
            let z = wide.StraightThrough(wide.Tanh())
            let actual = Run.compiled VectorWidth.Bits256 1 [ y; z ] values
            Expect.equal actual [ [| 2.0; 2.0; 2.0 |]; [| 0.5; 0.5; -1.0; -1.0; 2.0; 2.0 |] ] "values"

        testCase "the first gets none"
        <| fun () ->
            let z = Expr.Input("z", shape [ 3 ], DType.F64)
            let none = Gradient.Of((z.StraightThrough x).Sum(), [| z |], Unreached.Zero)[0]
            Expect.sequenceEqual (Evaluate.value [] none) [ 0.0; 0.0; 0.0 ] "zeros"
    ]

/// What a select does not take may be infinite or NaN, and so may its derivatives: none of that reaches any derivative, of any order, either way.
let private masks =
    let x = Expr.Input("x", shape [ 4 ], DType.F64)
    let dx = Expr.Input("dx", shape [ 4 ], DType.F64)
    // where x > 0 does not hold, each of these, or its derivative, is not finite somewhere
    let values = [ "x", [| 0.0; -1.0; -400.0; -0.0 |]; "dx", [| 1.0; -0.5; 2.0; 0.25 |] ]
    let isPositive = Expr.op_GreaterThan (x, 0.0)
    let tame = x * x * x * 0.5 + x

    let orders (f: Expr) =
        let forward (f: Expr) = Jvp.Of(f, [| x |], [| dx |])
        let back (f: Expr) = Gradient.Of(f.Sum(), x)[0]
        let along (f: Expr) = (back f * dx).Sum()

        [
            f
            back f
            forward f
            back (along f)
            forward (back f)
            back (forward f)
            forward (forward f)
            back (along (along f))
            forward (forward (back f))
        ]

    let behaves name (wild: Expr) =
        testCase name (fun () ->
            let expected = Run.interpreted (orders tame) values

            for f in [ Expr.Select(isPositive, wild, tame); Expr.Select(Expr.op_LogicalNot isPositive, tame, wild) ] do
                let derivatives = orders f
                Expect.isTrue (Run.near 1e-14 (Run.interpreted derivatives values) expected) "interpreted"
                Expect.isTrue (Run.near 1e-14 (Run.compiled VectorWidth.Bits256 1 derivatives values) expected) "compiled")

    let log = x.Log()

    testList "masks" [
        behaves "log" log
        behaves "sqrt" (x.Sqrt())
        behaves "a reciprocal" (x.Like 1.0 / x)
        behaves "a power" (x.Pow -1.5)
        behaves "what overflows" ((x * -3.0).Exp())
        behaves "a chain" ((x.Like 1.0 / x).Exp().Sqrt().Tanh())
        behaves "a product" (log * x.Sqrt() * x)
        behaves "what is used twice" (log * log + log)
        behaves "another select" (Expr.Select(Expr.op_GreaterThan (x, 1.0), log, log * x.Sqrt()))
        behaves "the largest" (log.Maximum(x.Sqrt()).Minimum(log * 2.0) * x.Sqrt())
        behaves "what moves" (x.Reshape(2, 2).Log().T().Flip(0).Pad(1, 1, 0).Slice(1, 1, 2).Flip(0).T().Reshape(4).Sqrt())
        behaves "what is joined" (Expr.Concat(0, x.Slice(0, 0, 1).Log(), x.Slice(0, 1, 3).Sqrt()))
        behaves "NaN of its own" (x * nan)

        testCase "of two selects with other conditions, none takes it"
        <| fun () ->
            let f =
                Expr.Select(isPositive, log, tame)
                + Expr.Select(Expr.op_GreaterThan (x, 1.0), log * x, x)

            Expect.isTrue (Run.near 1e-14 (Run.interpreted (orders f) values) (Run.interpreted (orders (tame + x)) values)) "values"

        testCase "a condition on rows guards what is repeated along them"
        <| fun () ->
            let z = Expr.Input("z", shape [ 2; 3 ], DType.F64)
            let counts = Expr.Input("counts", shape [ 2; 1 ], DType.F64)

            let mean =
                Expr.Select(Expr.op_GreaterThan (counts, 0.0), z / counts.Sqrt(), z.Like 0.0)

            let outputs = Gradient.Of((mean * mean).Sum(), z, counts) |> List.ofSeq
            let values = [ "z", [| 1.0; 2.0; 3.0; 4.0; 5.0; 6.0 |]; "counts", [| 0.0; 4.0 |] ]
            let gradients = Run.interpreted outputs values
            Expect.sequenceEqual gradients[0] [ 0.0; 0.0; 0.0; 2.0; 2.5; 3.0 ] "by what is divided"
            Expect.sequenceEqual gradients[1] [ 0.0; -4.8125 ] "by what it is divided by"

        testCase "a scalar condition guards a product of matrices"
        <| fun () ->
            let a, b =
                Expr.Input("a", shape [ 1; 1 ], DType.F64), Expr.Input("b", shape [ 1; 1 ], DType.F64)

            let on = Expr.op_GreaterThan (Expr.Input("on", shape [], DType.F64), 0.0)
            let f = Expr.Select(on, a.MatMul b, a)

            let gradients =
                Run.interpreted (List.ofSeq (Gradient.Of(f.Sum(), a, b))) [ "a", [| infinity |]; "b", [| nan |]; "on", [| 0.0 |] ]

            Expect.sequenceEqual (Seq.concat gradients) [ 1.0; 0.0 ] "by both"

        testCase "what both branches use is not masked"
        <| fun () ->
            let f = Expr.Select(isPositive, x.Tanh(), x.Tanh() * 2.0)

            let selects =
                Expr.Nodes(Gradient.Of(f.Sum(), x)[0])
                |> Seq.filter (fun node -> node.Op :? Select)

            Expect.hasLength selects 2 "one for each branch"
    ]

let private errors =
    let batch = batch [ 3 ]

    refusals "errors" [
        "a Jacobian by a symbol",
        (fun () -> Jacobian.Reverse(batch.Sin(), batch)),
        "jacobian: every dim must be known, to count the directions; got sin : f32[N,3] by input \"x\" : f32[N,3]. Give symbols numbers: .Bind(...), or batch that of one example: Vmap.Of?"

        "a Hessian of what is no scalar",
        (fun () -> Hessian.Of(x, x)),
        "gradient: the loss must be a scalar, f32[] or f64[]; got f64[3]. Sum or average it first: .Mean()?"

        "a value of another type",
        (fun () -> x.StraightThrough(x.Sum())),
        "straight_through: the value must be of the type of what gets its gradient; got f64[3] and f64[]. Cast or broadcast one of them."

        "a mask passed through",
        (fun () -> (Expr.op_GreaterThan (x, 0.0)).StraightThrough x),
        "straight_through: operands must be f32 or f64; got bool[3]. Cast first: .Cast(DType.F32)?"
    ]

[<Tests>]
let tests =
    testList "derivatives" [ jacobians; hessians; testList "third" (ofEachOp 20 third); masks; straightThrough; errors ]
