namespace Cv.Testing;

/// <summary>Goes through the branches of what is run again and again: each choice that was not met before takes its first way, and the last choice with a way left takes the next.</summary>
sealed class Branches
{
    readonly List<bool> _second = [];
    int _met;

    /// <summary>Counts the branches that were gone through.</summary>
    public int Count { get; private set; } = 1;

    public void Begin() => _met = 0;

    /// <summary>Chooses between 1 and -1.</summary>
    public int Sign()
    {
        if (_met == _second.Count)
            _second.Add(false);
        return _second[_met++] ? 1 : -1;
    }

    public bool Next()
    {
        while (_second.Count > 0 && _second[^1])
            _second.RemoveAt(_second.Count - 1);
        if (_second.Count == 0)
            return false;
        _second[^1] = true;
        Count++;
        return true;
    }
}
