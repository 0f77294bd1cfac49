using Cv.Dsl;

namespace Cv.Testing;

/// <summary>Proves or refutes the derivatives of a formula.</summary>
sealed class Prover
{
    const int Seed = 61;
    const int MostBranches = 512;
    const int MostRestarts = 200;
    static readonly Dyadic Tail = Dyadic.One.Scale(-247);

    const int MostLanes = 4096;
    const int Rooted = 160; // lanes for none left out by roots, each of which drops half
    const double Enough = -30; // the logarithm of the error that a proof may have

    readonly Formula _formula;
    readonly Constants _constants;
    readonly Dictionary<string, Rational> _common = new(StringComparer.Ordinal);
    readonly HashSet<Rational> _thresholds = [];
    readonly SortedSet<string> _tails = new(StringComparer.Ordinal);
    int _lanes = 16;
    int _branches;
    double _degree;
    double _logError = double.NegativeInfinity;

    Prover(Formula formula)
    {
        _formula = formula;
        _constants = new(Formula.Terms([formula.Value]).Where(t => t.Head == Head.Number && double.IsFinite(t.Value)).Select(t => t.Value));
    }

    public static Proof Of(Formula formula) => new Prover(formula).Run();

    Proof Run()
    {
        string reason;
        try
        {
            reason = Reason();
        }
        catch (NotProvedException e)
        {
            reason = e.Message;
        }
        string refuted = reason.Length > 0 ? Refutation() : "";
        var status =
            reason.Length == 0 ? ProofStatus.Proved
            : refuted.Length > 0 ? ProofStatus.Refuted
            : ProofStatus.NotProved;
        return new(
            _formula.Name,
            status,
            refuted.Length > 0 ? refuted : reason,
            _branches,
            _degree,
            _logError,
            [.. _constants.Names],
            _formula.Arity == 1 ? [.. _tails, .. _thresholds.OrderBy(t => t.ToDouble()).Take(12).Select(AtThreshold)] : []
        );
    }

    /// <summary>Says why there is no proof; nothing where there is one.</summary>
    string Reason()
    {
        for (int argument = 0; argument < _formula.Arity; argument++)
        {
            var branches = new Branches();
            do
            {
                if (branches.Count > MostBranches)
                    return $"there are more than {MostBranches} branches";
                if (OnBranch(argument, branches) is { Length: > 0 } reason)
                    return reason;
            } while (branches.Next());
            _branches = Math.Max(_branches, branches.Count);
        }
        return "";
    }

    string OnBranch(int argument, Branches branches)
    {
        for (int i = 0; i < MostRestarts; i++)
        {
            var lanes = new Lanes(_lanes, Seed);
            branches.Begin();
            var run = new TowerRun(lanes, _common, _constants, argument, branches);
            try
            {
                Node right;
                try
                {
                    _ = run.Value(_formula.Value);
                    right = run.Slope(_formula.Value) ?? run.Tower.Number(0);
                }
                catch (UndefinedException)
                {
                    return ""; // there is no value here that could have a derivative
                }
                Node[] domain = [.. run.Tower.NotNegative];
                var claim = run.Value(_formula.Claims[argument]);
                // the derivative's own tests may say more of the branch
                if (run.HasNegative(domain))
                    return "";
                if (run.HasNegative(run.Tower.NotNegative))
                    throw new UndefinedException();
                int wanted = lanes.Roots == 0 ? 0 : Math.Min(MostLanes, Rooted << Math.Min(8, lanes.Roots));
                if (_lanes >= wanted)
                    return Compare(run, claim, right, argument);
                _lanes = wanted;
            }
            catch (UndefinedException)
            {
                return $"the derivative by {Formula.NameOf(argument, _formula.Arity)} is undefined where the value is not, {run.Region(_formula.Arity)}";
            }
            catch (FinerKernelException)
            {
                // a kernel's exponents have a smaller common part than was thought
            }
        }
        return "the exponents have no common part that is found in time";
    }

    string Compare(TowerRun run, Node claim, Node right, int argument)
    {
        foreach (var (of, at) in run.Thresholds)
            if (of == 0 && _formula.Arity == 1)
                _thresholds.Add(at);
        if (!run.Tower.AreEqual(claim, right) && IsNegligible(run))
            return "";
        if (!run.Tower.AreEqual(claim, right))
            return $"the difference by {Formula.NameOf(argument, _formula.Arity)} is not 0 in the tower, {run.Region(_formula.Arity)}";
        // for the difference, and for each comparison that told kernels apart
        double error = run.Tower.Lanes.LogError(run.Tower.Largest) + Math.Log10(run.Tower.Compared);
        if (error > Enough)
            return $"the error would be 1e{error:F0}: too few random points have all roots";
        _degree = Math.Max(_degree, Math.Max((claim.Value.Size + right.Value.Size).Up, 0));
        // of all branches together
        _logError = Math.Max(_logError, error) + (double.IsNegativeInfinity(_logError) ? 0 : Math.Log10(2));
        return "";
    }

    /// <summary>
    /// Tells whether the two differ by less than 1e-74 on the whole branch, for all doubles: a tail that is cut off far below every float, such as exp(-x^2) beyond 1e4. Both are
    /// enclosed over the interval at once.
    /// </summary>
    bool IsNegligible(TowerRun run)
    {
        if (_formula.Arity != 1 || _formula.IsOpaque || run.Interval() is not var (all, inside))
            return false;
        var beside = new ExactRun([inside], 0);
        _ = (beside.Of(_formula.Value), beside.Of(_formula.Claims[0]));
        if (beside.Tied)
            return false;
        var over = new ExactRun(all, beside);
        var (own, right) = (over.Of(_formula.Claims[0]).Value, over.Of(_formula.Value).Slope);
        if (!own.IsDefined || !right.IsDefined || Enclosure.MostApart(own, right) >= Tail)
            return false;
        _tails.Add($"{run.Region(1)} the two differ by less than 1e-74");
        return true;
    }

    /// <summary>Looks for a point at which enclosures of the two are disjoint, whatever the literals round from.</summary>
    string Refutation()
    {
        if (_formula.IsOpaque)
            return "";
        var random = new Random(Seed);
        var thresholds = new Thresholds(_formula);
        double[] others = [.. Enumerable.Range(0, _formula.Arity).Select(_ => Math.Round(0.25 + 1.75 * random.NextDouble(), 2))];
        for (int argument = 0; argument < _formula.Arity; argument++)
            foreach (
                double x in SamplePoints.Along(thresholds, others, argument, random).OrderBy(p => Math.Abs(Math.Log(Math.Abs(p) + 1e-9)))
            )
            {
                double[] at = [.. others];
                at[argument] = x;
                var nominal = new ExactRun(at, argument);
                var (own, right) = (nominal.Of(_formula.Claims[argument]).Value, nominal.Of(_formula.Value).Slope);
                if (nominal.Tied || Enclosure.LeastApart(own, right) <= Tail)
                    continue; // together, or in a tail that no float sees
                var wide = new ExactRun(at, argument, nominal);
                if (!Enclosure.AreDisjoint(wide.Of(_formula.Claims[argument]).Value, wide.Of(_formula.Value).Slope))
                    continue;
                string where = string.Join(", ", at.Select((v, i) => $"{Formula.NameOf(i, _formula.Arity)} = {Point.Text(v)}"));
                return $"at {where} it is {Text(own)}, and must be {Text(right)}";
            }
        return "";
    }

    static string Text(Enclosure x) => Point.Text(x.Middle);

    /// <summary>Says what value and derivative do at a threshold: disjoint enclosures are a jump, a difference that is 0 in the tower is none.</summary>
    string AtThreshold(Rational at)
    {
        var (left, right) = (Side(at, -1), Side(at, 1));
        string where = $"at {Formula.NameOf(0, 1)} = {(at.IsWhole ? $"{at}" : Point.Text(at.ToDouble()))}";
        if (left is null || right is null)
            return $"{where}: not decided";
        ExactRun OnSide(ExactRun side) => new(at.Enclosed, side);
        try
        {
            var (l, r) = (OnSide(left).Of(_formula.Value), OnSide(right).Of(_formula.Value));
            string value = Kind(at, left, right, l.Value, r.Value, "the value", (run, t) => run.Value(t));
            string slope = Kind(at, left, right, l.Slope, r.Slope, "the derivative", (run, t) => run.Slope(t) ?? run.Tower.Number(0));
            var own = new ExactRun([at.Enclosed], 0).Of(_formula.Claims[0]).Value;
            return $"{where}: {value}, {slope}{(own.IsDefined ? $", and is {Text(own)} there" : "")}";
        }
        catch (UnknownToOracleException)
        {
            return $"{where}: not decided";
        }
    }

    string Kind(Rational at, ExactRun left, ExactRun right, Enclosure l, Enclosure r, string what, Func<TowerRun, Term, Node> of)
    {
        if (Enclosure.AreDisjoint(l, r))
            return $"{what} jumps from {Text(l)} to {Text(r)}";
        for (int i = 0; i < MostRestarts; i++)
        {
            try
            {
                var lanes = new Lanes(2 * Rooted, Seed);
                Node On(ExactRun side) => of(new TowerRun(lanes, _common, _constants, 0, at, side), _formula.Value);
                var (a, b) = (On(left), On(right));
                bool isZero = Enumerable.SequenceEqual(a.Form.Terms.Keys, b.Form.Terms.Keys) && lanes.AreEqual(a.Value, b.Value);
                return isZero || (l.IsPoint && r.IsPoint && l.Low == r.Low)
                    ? $"{what} is continuous"
                    : $"whether {what} is continuous is not decided";
            }
            catch (FinerKernelException) { }
            catch (Exception e) when (e is NotProvedException or UndefinedException)
            {
                break;
            }
        }
        return $"whether {what} is continuous is not decided";
    }

    /// <summary>Runs a little to one side of a threshold, for the decisions there; null where they are not clear.</summary>
    ExactRun? Side(Rational at, int side)
    {
        double x = at.ToDouble();
        for (int i = 0; i < 8; i++)
        {
            x = side < 0 ? Math.BitDecrement(x) : Math.BitIncrement(x);
            if ((Rational.OfBits(x) - at).Sign != side)
                continue;
            try
            {
                var run = new ExactRun([x], 0);
                _ = run.Of(_formula.Value);
                if (!run.Tied)
                    return run;
            }
            catch (UnknownToOracleException)
            {
                return null;
            }
        }
        return null;
    }
}
