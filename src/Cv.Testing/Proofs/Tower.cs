using System.Numerics;

namespace Cv.Testing;

/// <summary>Reports that a proof cannot be had, and why.</summary>
sealed class NotProvedException(string reason) : Exception(reason);

/// <summary>Reports that a value is undefined on the whole branch, such as the logarithm of what is negative there.</summary>
sealed class UndefinedException : Exception;

/// <summary>Reports that a kernel's exponents have a smaller common part than was thought: all begins again.</summary>
sealed class FinerKernelException : Exception;

/// <summary>What a generator stands for.</summary>
enum Kernel
{
    Argument,
    Exp,
    Log,
    Root,
    RootOfPi,
    Inverse,
    Turn,
    Opaque,
    Long,
}

/// <summary>A generator of the tower: an argument, or a function of what is below it.</summary>
/// <param name="Kernel">What it stands for.</param>
/// <param name="Name">The function, where the kernel does not say it; of a root, its order.</param>
/// <param name="Of">What it is a function of.</param>
/// <param name="Value">Its residues.</param>
/// <param name="IsPositive">Whether it is above 0 wherever it is defined.</param>
sealed record Generator(Kernel Kernel, string Name, Node[] Of, Element Value, bool IsPositive);

/// <summary>
/// Rewrites functions over a tower of kernels: each exponential, logarithm and error function once for each distinct argument, all else by these. Equal functions become equal quotients of
/// polynomials in the generators, which <see cref="Lanes"/> evaluates. Each rewriting is an identity of real functions wherever both sides are defined.
/// </summary>
sealed partial class Tower(Lanes lanes, Dictionary<string, Rational> common)
{
    readonly List<Generator> _generators = [];

    public Lanes Lanes => lanes;

    /// <summary>Counts how often values were compared to tell kernels apart.</summary>
    public int Compared { get; private set; }

    public Size Largest { get; private set; }

    public Node Number(Rational r) => new(lanes.Rational(r), Form.Of(Monomial.One, r));

    public Node Number(int n) => Number(Rational.Whole(n));

    public Node Argument(int number) => Generated(Kernel.Argument, $"{number}", [], isPositive: false);

    /// <summary>sqrt(pi), of which pi is the square.</summary>
    public Node RootOfPi => Generated(Kernel.RootOfPi, "", [], isPositive: true);

    public Node Add(Node a, Node b) =>
        Written(lanes.Add(a.Value, b.Value), a.Form.Terms.Count + b.Form.Terms.Count > Form.Longest ? null : a.Form + b.Form);

    public Node Negate(Node a) => new(lanes.Negate(a.Value), a.Form.Scaled(-Rational.One));

    public Node Subtract(Node a, Node b) => Add(a, Negate(b));

    public Node Multiply(Node a, Node b) =>
        Written(lanes.Multiply(a.Value, b.Value), a.Form.Terms.Count * b.Form.Terms.Count > Form.Longest ? null : Reduced(a.Form * b.Form));

    public Node Divide(Node a, Node b) => Multiply(a, Inverse(b));

    Node Inverse(Node b)
    {
        if (b.Form.IsZero || lanes.IsZero(b.Value))
            throw new UndefinedException();
        var value = lanes.Divide(Number(1).Value, b.Value);
        if (b.Form.Single is var (monomial, coefficient))
            return new(value, Reduced(Form.Of(monomial.Inverse, Rational.One / coefficient)));
        // without what all terms share, and with 1 before the last: 1 / (1 + exp(-x)) is exp x / (exp x + 1)
        var leading = b.Form.Leading;
        var shared = b.Form.Terms.Values.Select(t => t.Monomial).Aggregate(Shared);
        var plain = Multiply(b, NodeOf(Form.Of(shared.Inverse, Rational.One / leading)));
        // the last may be another now
        var other = plain.Form.Leading;
        if (!other.IsOne)
            plain = new(lanes.Multiply(plain.Value, Number(Rational.One / other).Value), plain.Form.Scaled(Rational.One / other));
        var inverse = Generated(Kernel.Inverse, "", [plain], isPositive: false, lanes.Divide(Number(1).Value, plain.Value));
        var form = Form.Of(shared.Inverse, Rational.One / (leading * other));
        return new(value, Reduced(form * inverse.Form));
    }

    /// <summary>Raises to a power: whole, or a root of a number that is positive, or of any by an odd order.</summary>
    public Node Power(Node a, Rational n)
    {
        if (n.IsWhole)
        {
            var value = lanes.Power(a.Value, n.Up);
            if (BigInteger.Abs(n.Up) > 1 << 20)
                return Written(value, null);
            int power = (int)n.Up;
            if (a.Form.Single is var (monomial, coefficient))
                return new(
                    value,
                    Reduced(Form.Of(new Monomial(monomial.Factors.Select(f => (f.Generator, f.Power * power))), coefficient.Power(power)))
                );
            var small = Number(1);
            if (power is < 0 or > 6)
                return power < 0 ? Inverse(Power(a, -n)) : Written(value, null);
            for (int i = 0; i < power; i++)
                small = Multiply(small, a);
            return small with { Value = value };
        }
        return Power(Root(a, (int)n.Down), Rational.Whole(n.Up));
    }

    /// <summary>Gives the node of a generator, which is made where none is like it: of the same kernel, and of an argument that is the same in all lanes.</summary>
    Node Generated(Kernel kernel, string name, Node[] of, bool isPositive, Element? value = null)
    {
        for (int i = 0; i < _generators.Count; i++)
        {
            var known = _generators[i];
            if (known.Kernel == kernel && known.Name == name && known.Of.Zip(of).All(p => AreEqual(p.First, p.Second)))
                return new(known.Value, Form.Of(i));
        }
        value ??= lanes.Generator(_generators.Count, isPositive);
        _generators.Add(new(kernel, name, of, value, isPositive));
        return new(value, Form.Of(_generators.Count - 1));
    }

    public bool AreEqual(Node a, Node b)
    {
        Compared++;
        var size = a.Value.Size + b.Value.Size;
        if (size.Up + size.UpBits > Largest.Up + Largest.UpBits)
            Largest = size;
        return lanes.AreEqual(a.Value, b.Value);
    }

    /// <summary>Gives a value its form; one that is too long becomes a generator of its own.</summary>
    Node Written(Element value, Form? form) =>
        form is not null && form.Terms.Count <= Form.Longest
            ? new(value, form)
            : new(value, Generated(Kernel.Long, "", [new(value, Form.Of(Monomial.One, default))], isPositive: false, value).Form);

    /// <summary>Makes the node of a form.</summary>
    Node NodeOf(Form form)
    {
        var sum = Number(0);
        foreach (var (monomial, coefficient) in form.Terms.Values)
        {
            var product = Number(coefficient);
            foreach (var (generator, power) in monomial.Factors)
                product = Multiply(product, Power(NodeOf(generator), Rational.Whole(power)));
            sum = Add(sum, product);
        }
        return new(sum.Value, form);
    }

    Node NodeOf(int generator) => new(_generators[generator].Value, Form.Of(generator));

    /// <summary>
    /// Writes equal values alike, as far as that is cheap: powers of a number's root as the number, sqrt(2)^2 = 2, and quotients by their remainders, E / (E + 1) = 1 - 1 / (E + 1).
    /// </summary>
    Form Reduced(Form form)
    {
        for (int i = 0; i < 64 && Divided(form) is { } simpler; i++)
            form = simpler;
        return WithoutRoots(form);
    }

    /// <summary>Divides a numerator that holds the last monomial L of a denominator b = L + r, once: L / b = 1 - r / b.</summary>
    Form? Divided(Form form)
    {
        foreach (var (monomial, coefficient) in form.Terms.Values)
        foreach (var (generator, power) in monomial.Factors)
        {
            if (power < 1 || _generators[generator] is not { Kernel: Kernel.Inverse, Of: [{ Form: var below }] } || below.Terms.Count > 8)
                continue;
            var last = below.Terms.Last().Value.Monomial;
            if (last.IsOne || !last.Factors.All(f => f.Power > 0 && PowerOf(monomial, f.Generator) >= f.Power))
                continue;
            var rest = Form.Sum(below.Terms.Values.Where(t => t.Monomial.Key != last.Key).Select(t => (t.Monomial, -t.Coefficient)));
            var quotient = Form.Of(Monomial.One, Rational.One) + rest * Form.Of(generator);
            var factor = Form.Of(monomial * last.Inverse * new Monomial([(generator, -1)]), coefficient);
            return Form.Sum(form.Terms.Values.Where(t => t.Monomial.Key != monomial.Key)) + factor * quotient;
        }
        return null;
    }

    Form WithoutRoots(Form form)
    {
        foreach (var (monomial, coefficient) in form.Terms.Values)
        foreach (var (generator, power) in monomial.Factors)
        {
            if (_generators[generator] is not { Kernel: Kernel.Root, Of: [{ Form.Number: { } radicand }], Name: var name })
                continue;
            int order = int.Parse(name, System.Globalization.CultureInfo.InvariantCulture);
            if (power >= 0 && power < order)
                continue;
            int whole = power >= 0 ? power / order : -((-power + order - 1) / order);
            var factors = monomial.Factors.Select(f => f.Generator == generator ? (generator, power - whole * order) : f);
            var rest = Form.Sum(form.Terms.Values.Where(t => t.Monomial.Key != monomial.Key));
            return WithoutRoots(rest + Form.Of(new(factors), coefficient * radicand.Power(whole)));
        }
        return form;
    }

    /// <summary>Gives how many times the common part of a kernel's exponents this one is.</summary>
    BigInteger Count(string key, Rational exponent)
    {
        if (!common.TryGetValue(key, out var part))
            common[key] = part = exponent.Sign < 0 ? -exponent : exponent;
        var count = exponent / part;
        if (count.IsWhole)
            return count.Up;
        common[key] = Rational.Common(part, exponent);
        throw new FinerKernelException();
    }
}
