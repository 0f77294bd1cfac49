namespace Cv.Dsl;

/// <summary>
/// Remembers, on the way back, which cotangents are 0 because a select did not take what they belong to. A rule multiplies such a 0 by a derivative that may be
/// infinite there, as that of sqrt at 0 is, and 0 times infinity is NaN: so what it gives is masked again, at each op that multiplies.
/// </summary>
/// <remarks>
/// A mask goes through elementwise ops, movements, joins and reductions, as long as it broadcasts to the operand. A product of matrices or a convolution mixes elements: what lies
/// before it is masked only by a scalar.
/// </remarks>
sealed class Masks
{
    /// <summary>Holds, for each node that was reached, where its cotangent may differ from 0; null is anywhere.</summary>
    readonly Dictionary<Expr, Expr?> _taken = [];

    /// <summary>Says that a node's cotangent is given, and may differ from 0 anywhere.</summary>
    public void Start(Expr y) => _taken[y] = null;

    /// <summary>Gives what flows from a node to one of its operands, masked where it came from a branch that is not taken.</summary>
    public Expr Pass(Expr y, int operand, Expr flow)
    {
        var x = y.Operands[operand];
        var mask = Behind(y, operand);
        Join(x, mask is not null && Fits(mask.Shape, x.Shape) ? mask : null);
        return mask is null || IsSteady(y, operand) ? flow : Expr.Select(mask, flow, flow.Like(0));
    }

    /// <summary>Says where the flow to an operand may differ from 0, in a shape that broadcasts to the flow's.</summary>
    Expr? Behind(Expr y, int operand)
    {
        var mask = _taken.GetValueOrDefault(y);
        if (y is (Select, [var condition, ..]))
            return And(mask, operand == 1 ? condition : Not(condition));
        if (mask is null || mask.Shape.Rank == 0)
            return mask;
        return y.Op switch
        {
            Elementwise or Broadcast or Reduction or Variance or Remember or WhenTraining => mask,
            Reshape or Transpose or Flip or Slice or Pad or Concat => y.Op.Vjp(y, mask.BroadcastTo(y.Shape))[operand],
            _ => null,
        };
    }

    /// <summary>Tells that an op's derivative is finite, whatever its operands are: a 0 stays one.</summary>
    static bool IsSteady(Expr y, int operand) =>
        y switch
        {
            (Add or Sub or Neg or Select or Maximum or Minimum or Cast or StraightThrough or Remember or WhenTraining, _) => true,
            (Movement or Concat or ReduceSum or ReduceMax or ReduceMin, _) => true,
            (Mul, [var a, var b]) => IsFinite(operand == 0 ? b : a),
            (Gated { Gate: var gate }, _) => gate.IsSteady(operand),
            _ => false,
        };

    static bool IsFinite(Expr x) => x.Op is Const { Value: var value } && double.IsFinite(value);

    /// <summary>Adds what one more user says of a node: its cotangent may differ from 0 where either does.</summary>
    void Join(Expr x, Expr? mask)
    {
        if (!_taken.TryGetValue(x, out var known))
            _taken[x] = mask;
        else if (known != mask)
            _taken[x] = known is null || mask is null || AreComplements(known, mask) ? null : known | mask;
    }

    static Expr And(Expr? a, Expr b) => a is null || a == b ? b : a & b;

    static Expr Not(Expr mask) => mask is (Dsl.Not, [var inner]) ? inner : !mask;

    static bool AreComplements(Expr a, Expr b) => a == Not(b) || b == Not(a);

    /// <summary>Tells that a mask broadcasts to a shape without making it larger.</summary>
    static bool Fits(Shape mask, Shape shape)
    {
        bool fits = mask.Rank == 0 || mask.Rank == shape.Rank;
        for (int axis = 0; fits && axis < mask.Rank; axis++)
            fits = mask[axis] == shape[axis] || mask[axis].IsOne;
        return fits;
    }
}
