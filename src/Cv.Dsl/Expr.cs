using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>
/// Stands for one value of a computation graph: an op and its operands. Immutable and interned: equal sub-graphs are one object, so
/// common subexpressions are shared by construction and equality is by reference. Shapes and dtypes are checked here.
/// </summary>
/// <example><code>
/// Expr x = Expr.Input("x", ["N", 784]), w = Expr.Parameter("w", [784, 10]);
/// Expr scores = x.MatMul(w);   // f32[N,10]
/// </code></example>
public sealed partial class Expr
{
    Expr(Op op, ImmutableArray<Expr> operands, TensorType type)
    {
        Op = op;
        Operands = operands;
        Type = type;
    }

    /// <summary>Says what is computed.</summary>
    public Op Op { get; }

    /// <summary>Gives the nodes that the value is computed from.</summary>
    public ImmutableArray<Expr> Operands { get; }

    /// <summary>Gives dtype and shape.</summary>
    public TensorType Type { get; }

    /// <summary>Gives the shape.</summary>
    public Shape Shape => Type.Shape;

    /// <summary>Gives the element type.</summary>
    public DType DType => Type.DType;

    /// <summary>Builds the node, or finds the equal one that already exists.</summary>
    /// <exception cref="ShapeException">The operands do not fit the op.</exception>
    public static Expr Of(Op op, params ReadOnlySpan<Expr> operands) => Of(op, ImmutableArray.Create(operands));

    /// <summary>Builds the node, or finds the equal one that already exists. (For F#, which has no params spans.)</summary>
    /// <exception cref="ShapeException">The operands do not fit the op.</exception>
    public static Expr Of(Op op, Expr[] operands) => Of(op, ImmutableArray.Create(operands));

    /// <inheritdoc cref="Of(Op, ReadOnlySpan{Expr})"/>
    public static Expr Of(Op op, ImmutableArray<Expr> operands)
    {
        int hash = InternTable.Hash(op, operands);
        if (InternTable.Find(hash, op, operands) is { } known)
            return known;
        var types = new TensorType[operands.Length];
        for (int i = 0; i < types.Length; i++)
            types[i] = operands[i].Type;
        return InternTable.Add(hash, new Expr(op, operands, op.Infer(types)));
    }

    /// <summary>Opens the node for pattern matching: <c>y is (Neg, [var x])</c>.</summary>
    public void Deconstruct(out Op op, out ImmutableArray<Expr> operands) => (op, operands) = (Op, Operands);

    /// <summary>Gives the node with other operands; this node itself when nothing changed.</summary>
    public Expr With(ImmutableArray<Expr> operands) => operands.AsSpan().SequenceEqual(Operands.AsSpan()) ? this : Of(Op, operands);

    /// <summary>Prints op and type: mul : f32[N,10].</summary>
    public override string ToString() => $"{Op.Name}{Op.Attributes} : {Type}";
}
