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
    Expr(Op op, ImmutableArray<Expr> operands, TensorType type, Origin? origin)
    {
        Op = op;
        Operands = operands;
        Type = type;
        Origin = origin;
    }

    /// <summary>Says what is computed.</summary>
    public Op Op { get; }

    /// <summary>Gives the nodes that the value is computed from.</summary>
    public ImmutableArray<Expr> Operands { get; }

    /// <summary>Gives dtype and shape.</summary>
    public TensorType Type { get; }

    /// <summary>
    /// Gives the line of the program that built the node first; null where none is known, and for constants, which are written in place. It takes no part in
    /// equality. <c>AppContext.SetSwitch("Cv.Dsl.SourceLines", false)</c>, before the first node, saves the microseconds that it costs.
    /// </summary>
    public Origin? Origin { get; }

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
        TensorType type;
        try
        {
            type = op.Infer(types);
        }
        catch (GraphException error) when (error.Concerns(operands.AsSpan())) // false: the filter only notes where the operands come from
        {
            throw;
        }
        catch (OverflowException)
        {
            throw Unfit(
                op,
                $"extents, counts and offsets must stay under 2^31; they pass it for {ErrorText.List(types)}. Take smaller numbers, or cut the tensor."
            );
        }
        catch (Exception error) when (error is IndexOutOfRangeException or ArgumentOutOfRangeException)
        {
            throw Unfit(
                op,
                $"operands and attributes must be those that its shape rule reads; got {types.Length} operands, {ErrorText.List(types)}. Build it by its verb."
            );
        }
        return InternTable.Add(hash, new Expr(op, operands, type, op is Const ? null : Origins.OfNode()));
    }

    static ShapeException Unfit(Op op, string text)
    {
        string attributes;
        try
        {
            attributes = op.Attributes;
        }
        catch (Exception error)
            when (error is OverflowException or IndexOutOfRangeException or ArgumentOutOfRangeException or NullReferenceException)
        {
            attributes = "";
        }
        return new ShapeException($"{op.Name}{attributes}: {text}");
    }

    /// <summary>Opens the node for pattern matching: <c>y is (Neg, [var x])</c>.</summary>
    public void Deconstruct(out Op op, out ImmutableArray<Expr> operands) => (op, operands) = (Op, Operands);

    /// <summary>Gives the node with other operands; this node itself when nothing changed.</summary>
    public Expr With(ImmutableArray<Expr> operands) => operands.AsSpan().SequenceEqual(Operands.AsSpan()) ? this : Of(Op, operands);

    /// <summary>Prints op and type: mul : f32[N,10].</summary>
    public override string ToString() => $"{Op.Name}{Op.Attributes} : {Type}";
}
