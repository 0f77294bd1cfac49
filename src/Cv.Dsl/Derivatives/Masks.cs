namespace Cv.Dsl;

/// <summary>
/// Remembers, on the way back, which cotangents are 0 because the values do not depend on what they belong to: a select did not take it, a maximum was another. A rule
/// multiplies such a 0 by a derivative that may be infinite there, as that of sqrt at 0 is, and 0 times infinity is NaN: so what it gives is masked again.
/// </summary>
/// <remarks>
/// How a mask goes through an op is the op's to say (<see cref="Op.MaskOfOperand"/>). Two masks are kept. What a select took masks every product. What a maximum, a
/// gate's conditional or a pool chose masks only derivatives that can be infinite at finite numbers, and is forgotten where it would have to be folded: there it costs
/// more than it saves.
/// </remarks>
sealed class Masks
{
    /// <summary>Holds, for each node that was reached, where its cotangent may differ from 0.</summary>
    readonly Dictionary<Expr, Places> _places = [];

    /// <summary>Holds the same for each part of a node that is several values.</summary>
    readonly Dictionary<(Expr Whole, int Part), Places> _parts = [];

    readonly record struct Places(Expr? Taken, Expr? Chosen);

    /// <summary>Says where a given cotangent may differ from 0; null is anywhere.</summary>
    public void Start(Expr y, Expr? mask) => Join(y, mask);

    /// <summary>Gives where a node's cotangent may differ from 0.</summary>
    public Expr? Of(Expr y) => _places.GetValueOrDefault(y).Taken;

    /// <summary>Gives where the cotangent of one part of a node may differ from 0.</summary>
    public Expr? OfPart(Expr whole, int part)
    {
        bool isWhole = _places.TryGetValue(whole, out var all);
        if (!_parts.TryGetValue((whole, part), out var own))
            return isWhole ? all.Taken : Mask.Everywhere(false);
        return isWhole ? Mask.Or(all.Taken, own.Taken) : own.Taken;
    }

    /// <summary>Adds what one more user says of a node: its cotangent may differ from 0 where any of them says so.</summary>
    public void Join(Expr x, Expr? mask) => Join(_places, x, new(mask, mask));

    /// <summary>Gives what flows from a node to one of its operands, masked where the node's cotangent is 0, and says the same of the operand.</summary>
    public Expr Pass(Expr y, int operand, Expr flow)
    {
        var x = y.Operands[operand];
        var of = _places.GetValueOrDefault(y);
        if (y is (Part part, [{ Op: Scan }]))
        {
            Join(_parts, (x, part.Index), new(of.Taken, of.Taken));
            return flow;
        }
        var choice = y.Op.Choice(y, operand);
        var taken = y.Op.MaskOfOperand(y, operand, of.Taken);
        var (behind, chosen) = (taken, taken);
        if (y.Op is Elementwise)
        {
            behind = of.Taken; // as it is before it comes to an operand that is repeated: the flow is not yet summed
            chosen = Mask.And(of.Chosen, choice);
            var next = y.Op is Select ? y.Op.MaskOfOperand(y, operand, of.Chosen) : chosen;
            Join(_places, x, new(taken, Mask.Fits(next, x.Shape) ? next : taken));
        }
        else
        {
            chosen =
                of.Chosen == of.Taken ? taken
                : y.Op is Movement or Concat or Reduction && !IsFolded(y) ? y.Op.MaskOfOperand(y, operand, of.Chosen)
                : taken;
            chosen = Mask.And(chosen, choice);
            Join(_places, x, new(taken, chosen));
        }
        if (y.Op.KeepsZero(y, operand))
            return flow;
        var mask = IsTame(y, operand) ? behind : chosen;
        return mask is null ? flow : Expr.Select(mask, flow, flow.Like(0));
    }

    static bool IsFolded(Expr y) => y is (Broadcast, [{ Shape: var x }]) && x != y.Shape;

    /// <summary>Tells that an op's derivative by an operand is finite for finite numbers, but for what overflows.</summary>
    internal static bool IsTame(Expr y, int operand) =>
        y.Op switch
        {
            Mul or Abs or Tanh or Sigmoid or Erf or Sin or Cos or Variance or MatMul or Convolution => true,
            Div => operand == 0,
            Gated { Gate: var gate } => gate.IsTame(operand),
            _ => false,
        };

    static void Join<TKey>(Dictionary<TKey, Places> places, TKey x, Places more)
        where TKey : notnull =>
        places[x] = places.TryGetValue(x, out var known) ? new(Mask.Or(known.Taken, more.Taken), Mask.Or(known.Chosen, more.Chosen)) : more;
}
