/// How graphs are drawn and explained.
module Cv.Tests.InspectionTests

open System
open System.Collections.Immutable
open System.Text.RegularExpressions
open Cv.Compiler
open Cv.Dsl
open Cv.FSharp
open Cv.Tests.Generators
open Expecto

let private line = int __LINE__
let private x = Expr.Input("drawn", shapeOf [ Dim "N"; Dim 3 ])
let private w = Expr.Parameter("drawn.w", shape [ 3; 2 ])
let private product = x.MatMul w
let private doubled = product * 2.0

let private at offset = $"InspectionTests.fs:{line + offset}"

/// The lines of a drawing, without what is the same in each.
let private lines (drawing: string) =
    drawing.Trim().Split '\n'
    |> Seq.filter (fun l -> not (l.Contains "classDef" || l.StartsWith "  node [" || l.StartsWith "  edge ["))
    |> List.ofSeq

let private drawings =
    testList "drawings" [
        testCase "Graphviz: a box a node, an arrow an operand, constants in place, the result with a double border"
        <| fun () ->
            Expect.sequenceEqual
                (lines (doubled.ToDot()))
                [
                    "digraph {"
                    $"  n0 [label=\"input \\\"drawn\\\"\\nf32[N,3]\\n{at 1}\", shape=ellipse, fillcolor=lightblue];"
                    $"  n1 [label=\"parameter \\\"drawn.w\\\"\\nf32[3,2]\\n{at 2}\", style=filled, fillcolor=lightyellow];"
                    $"  n2 [label=\"matmul\\nf32[N,2]\\n{at 3}\"];"
                    $"  n3 [label=\"mul _ 2\\nf32[N,2]\\n{at 4}\", peripheries=2];"
                    "  n0 -> n2 [label=\"1\"];"
                    "  n1 -> n2 [label=\"2\"];"
                    "  n2 -> n3;"
                    "}"
                ]
                "the text"

        testCase "Mermaid draws the same"
        <| fun () ->
            Expect.sequenceEqual
                (lines (toMermaid doubled))
                [
                    "flowchart TD"
                    $"  n0([\"input #34;drawn#34;<br/>f32[N,3]<br/>{at 1}\"]):::inputNode"
                    $"  n1[\"parameter #34;drawn.w#34;<br/>f32[3,2]<br/>{at 2}\"]:::memoryNode"
                    $"  n2[\"matmul<br/>f32[N,2]<br/>{at 3}\"]"
                    $"  n3[[\"mul _ 2<br/>f32[N,2]<br/>{at 4}\"]]"
                    "  n0 -->|1| n2"
                    "  n1 -->|2| n2"
                    "  n2 --> n3"
                ]
                "the text"

        testCase "names are escaped"
        <| fun () ->
            let odd = Expr.Input("a\"b\\c\n<d>`#;", shape [ 2 ])
            Expect.stringContains (toDot odd) "label=\"input \\\"a\\\"b\\\\c <d>`#;\\\"\\nf32[2]" "for Graphviz"
            Expect.stringContains (odd.ToMermaid()) "[[\"input #34;a#34;b#92;c #60;d#62;#96;#35;;#34;<br/>f32[2]" "for Mermaid"

        testCase "what a gradient made is dashed and says what it is the gradient of"
        <| fun () ->
            let loss = product.Tanh().Sum()
            let drawn = toDot (Gradient.Of(loss, w)[0])
            let dashed = lines drawn |> List.filter (fun l -> l.Contains "dashed")
            Expect.all dashed (fun l -> l.Contains "in the gradient of ") "each says of what"
            Expect.isTrue (dashed |> List.exists (fun l -> l.Contains "matmul")) "the product's is there"
            Expect.isFalse (loss.ToDot().Contains "dashed") "not the loss"

        testCase "a graph has its outputs, and a box for each update"
        <| fun () ->
            let graph =
                Graph(ImmutableArray.Create product, ImmutableArray.Create(Update(w, w * 0.5)))

            let drawn = lines (graph.ToDot())

            Expect.contains
                drawn
                "  u0 [label=\"update \\\"drawn.w\\\"\", shape=note, style=filled, fillcolor=gray92, peripheries=2];"
                "the update"

            Expect.contains drawn "  n3 -> u0;" "from its value"
            Expect.equal (drawn |> List.filter (fun l -> l.Contains "peripheries=2") |> List.length) 2 "two ends"
            Expect.stringContains (graph.ToMermaid()) "u0[[\"update #34;drawn.w#34;\"]]:::endNode" "in Mermaid too"

        testCase "of a long graph the nodes nearest to the result are drawn, deep as it is"
        <| fun () ->
            let mutable e = Expr.Input("drawn deep", shape [ 2 ])

            for i in 1..10_000 do
                e <- e + Expr.Const(float i)

            let drawn = lines (e.ToMermaid 3)

            Expect.sequenceEqual
                (drawn |> List.map (fun l -> Regex.Replace(l, @"<br/>.*""", "\"")))
                [
                    "flowchart TD"
                    "  rest[\"9998 more nodes before\"]:::endNode"
                    "  n0[\"add _ 9998\"]"
                    "  n1[\"add _ 9999\"]"
                    "  n2[[\"add _ 10000\"]]"
                    "  rest --> n0"
                    "  n0 --> n1"
                    "  n1 --> n2"
                ]
                "the end of the chain"

            Expect.equal (lines (e.ToDot 20_000)).Length (2 + 10_001 + 10_000) "or all of it"

        testCase "a constant alone is drawn"
        <| fun () -> Expect.stringContains ((Expr.Const 2.5).ToDot()) "label=\"const 2.5\\nf32[]\", shape=plaintext, peripheries=2" "itself"

        testCase "drawing nothing is refused"
        <| fun () ->
            Expect.throwsC (fun () -> doubled.ToDot 0 |> ignore) (fun ex ->
                Expect.equal
                    (Mistakes.text ex)
                    "draw: at least 1 node must be drawn; got 0. Leave it out for the tool's usual number."
                    "the text")
    ]

let private sections (text: string) = [ for m in Regex.Matches(text, "^== (.*)$", RegexOptions.Multiline) -> m.Groups[1].Value ]

let private explanations =
    testList "explanations" [
        testCase "a loss: graph and gradient with their lines, passes, schedule, plan, kernels"
        <| fun () ->
            let loss = doubled.Tanh().Mean()
            let text = loss |> explain [ "N", 4 ]

            let starts = [
                "expression: "
                "gradient by \"drawn.w\": "
                "graph: "
                "simplify: "
                "expand: "
                "schedule: "
                "plan"
                "kernel "
            ]

            let places =
                starts
                |> List.map (fun s -> sections text |> List.tryFindIndex (fun t -> t.StartsWith s))

            Expect.all places Option.isSome $"each stage of %A{sections text}"
            Expect.sequenceEqual (List.sort places) places "in order"
            Expect.stringContains text $"%%2 : f32[N,2] = matmul %%0 %%1   # {at 3}\n" "the author's line"
            Expect.stringContains text $"# {at 3}, in the gradient of matmul\n" "and of the gradient"

        testCase "the cost of a product: two operations a term, each operand read once, the result written"
        <| fun () ->
            let a, b =
                Expr.Input("explained a", shape [ 8; 5 ]), Expr.Input("explained b", shape [ 5; 7 ])

            Expect.stringContains
                (Graph(a.MatMul b).Explain())
                "\nproduct: 560 operations, reads 300 bytes, writes 224, 1.07 operations a byte\n"
                "2 * 8 * 7 * 5; 4 * (40 + 35); 4 * 56"

        testCase "the cost of a loop: its rule's arithmetic, functions and choices"
        <| fun () ->
            let a = Expr.Input("explained c", shape [ 100 ], DType.F64)
            // tanh, the product
            Expect.stringContains
                ((a.Tanh() * 3.0).Explain())
                "\nloop 100: 200 operations, reads 800 bytes, writes 800, 0.13 operations a byte\n"
                "two a number"

        testCase "the cost of a convolution and of its gradients: two operations for each pixel, tap and channel"
        <| fun () ->
            let images = Expr.Input("explained images", shape [ 2; 6; 6; 3 ])
            let filters = Expr.Parameter("explained filters", shape [ 3; 3; 3; 4 ])
            let window = Window(3)
            let y = Expr.Of(Conv2d(window, window, 1), [| images; filters |])
            let back = Vjp.Of(y, Expr.Input("explained dy", y.Shape), [| filters; images |])
            let text = Graph(y, back[0], back[1]).Explain()
            // 2 * (2 * 4 * 4 * 4 results) * (3 * 3 * 3 taps and channels)
            let steps kind =
                Regex.Matches(text, $@"\n{kind}: 6912 operations").Count

            Expect.equal (steps "convolution") 2 "forward, and by the images"
            Expect.equal (steps "filters' gradient") 1 "by the filters"

        testCase "what is not a loss has no gradient; what has no parameters is differentiated by its inputs"
        <| fun () ->
            Expect.isFalse (doubled.Explain(struct ("N", 4)).Contains "== gradient") "a matrix"
            let a = Expr.Input("explained d", shape [ 3 ])
            Expect.stringContains (a.Exp().Sum().Explain()) "== gradient by \"explained d\": " "an input"

        testCase "symbols that are not given end it, and it says so"
        <| fun () ->
            let text = doubled.Tanh().Mean().Explain()
            Expect.stringContains text "== gradient by" "as far as the gradient"
            Expect.isTrue (text.EndsWith "== not compiled: give N a number, as in Explain((\"N\", 128))\n") text

        testCase "options choose the code"
        <| fun () ->
            let code width =
                doubled.Explain(CompileOptions(Width = width), struct ("N", 4))

            Expect.stringContains (code VectorWidth.Bits128) "Vector128" "narrow"
            Expect.stringContains (code VectorWidth.Bits256) "Vector256" "wide"
    ]

[<Tests>]
let tests = testList "inspection" [ drawings; explanations ]
