/// Runs graphs by what each op says of itself, Op.Evaluate, one node after the other: slow, and independent of the compiler.
module Cv.Tests.Evaluate

open System
open System.Collections.Generic
open Cv.Dsl
open Cv.Tests.Generators

/// Each node's numbers are rounded to its dtype.
let private round dtype (value: float) =
    match dtype with
    | DType.F32 -> float (float32 value)
    | DType.I32 -> float (int value)
    | _ -> value

/// Gives the layers of graphs their names, as a graph that is compiled does.
let close (outputs: Expr list) =
    let nodes = Expr.Nodes(Array.ofList outputs)
    NameTable.Close("graph", nodes)
    nodes

/// The graph with names in the place of identities: what is written alike is one node.
let canonical (y: Expr) =
    close [ y ] |> ignore
    Canonical.Of y

/// Whether two graphs are the same but for which layers they are.
let alike a b =
    obj.ReferenceEquals(canonical a, canonical b)

/// Prepares a graph to be run many times, with a rounding of one's own: it sees each node with its operands' values and its exact result.
let programRounding (rounding: Expr -> float[][] -> float[] -> float[]) (outputs: Expr list) : (string * float[]) list -> float[] list =
    let nodes = close outputs
    let places = Dictionary()
    nodes |> Seq.iteri (fun place node -> places[node] <- place)

    let operands =
        nodes
        |> Seq.map (fun node -> [| for operand in node.Operands -> places[operand] |])
        |> Array.ofSeq

    fun bindings ->
        let bound = dict bindings
        let values = Array.zeroCreate<float[]> nodes.Length

        for place in 0 .. nodes.Length - 1 do
            let node = nodes[place]

            values[place] <-
                match node.Op with
                | :? Named as leaf ->
                    if bound[leaf.Id].Length <> node.Shape.Size then
                        failwith $"{leaf.Id} : {node.Type} got {bound[leaf.Id].Length} numbers"

                    Array.map (round node.DType) bound[leaf.Id]
                | op ->
                    let result = Array.zeroCreate node.Shape.Size
                    let arguments = Array.map (fun operand -> values[operand]) operands[place]
                    op.Evaluate(node, ReadOnlySpan arguments, Span result)
                    rounding node arguments result

        outputs |> List.map (fun output -> values[places[output]])

/// Prepares a graph to be run many times: takes the value of each leaf that has a name, gives the value of each output. No walk recurses.
let program outputs =
    programRounding (fun node _ result -> Array.map (round node.DType) result) outputs

/// The value of one node.
let value (bindings: (string * float[]) list) (output: Expr) =
    program [ output ] bindings |> List.head

/// The numbers, moved by so much along their tangents: those bound to "dx", where "x" has any.
let moved (offset: float) (bindings: (string * float[]) list) =
    let numbers = Map bindings

    bindings
    |> List.map (fun (name, values) ->
        match numbers.TryFind("d" + name) with
        | Some tangent -> name, Array.map2 (fun value d -> value + offset * d) values tangent
        | None -> name, values)

/// The value of one node that holds one element.
let item bindings output =
    value bindings output |> Array.exactlyOne

/// The leaves of a graph that have names, in the order in which the graph meets them.
let named (outputs: Expr list) = [
    for node in close outputs do
        match node.Op with
        | :? Named as leaf -> leaf.Id, node
        | _ -> ()
]

/// Numbers for every named leaf: floats away from kinks, integers from 0 to 2, truth values.
let randomBindings seed (outputs: Expr list) =
    let leaves = named outputs |> List.distinctBy fst

    List.map2
        (fun (name, leaf: Expr) (values: float[]) ->
            name,
            match leaf.DType with
            | DType.I32 -> values |> Array.map (fun value -> float (int (abs value * 1000.0) % 3))
            | DType.Bool -> values |> Array.map (fun value -> if value > 0.0 then 1.0 else 0.0)
            | _ -> values)
        leaves
        (numbers seed [ for _, leaf in leaves -> leaf.Shape.Size ])

/// The graph as text, a node a line.
let text (outputs: Expr list) =
    let nodes = Expr.Nodes(Array.ofList outputs)
    let places = dict (nodes |> Seq.mapi (fun place node -> node, place))

    nodes
    |> Seq.mapi (fun place node ->
        let operands =
            [ for operand in node.Operands -> $" %%{places[operand]}" ] |> String.concat ""

        $"%%{place} : {node.Type} = {node.Op.Name}{node.Op.Attributes}{operands}")
    |> String.concat "\n"
